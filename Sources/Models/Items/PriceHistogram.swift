/// How the prices of the known items are spread: counts in classes an eighth of a power of two wide, kept up to date price
/// by price, so that it is a function of the table's content alone.
public final class PriceHistogram {
    /// Prices below 2⁻⁸ and from 2²⁴ on stand in the first and the last class.
    private static let classes = 256
    private static let lowest = (1023 - 8) << 3

    private let counts: UnsafeMutablePointer<UInt32>
    /// The share of items in the classes before each one, half of its own added; made again when counts have changed.
    private let levels: UnsafeMutablePointer<Float>
    @exclusivity(unchecked) private var isStale = false
    /// Items that have a price.
    @exclusivity(unchecked) public private(set) var count = 0

    init() {
        counts = .allocate(capacity: Self.classes)
        counts.initialize(repeating: 0, count: Self.classes)
        levels = .allocate(capacity: Self.classes)
        levels.initialize(repeating: 0, count: Self.classes)
    }

    deinit {
        counts.deallocate()
        levels.deallocate()
    }

    /// An item's price is another one; NaN for none.
    func move(from old: Double, to new: Double) {
        if !old.isNaN {
            counts[Self.place(old)] -= 1
            count -= 1
        }
        if !new.isNaN {
            counts[Self.place(new)] += 1
            count += 1
        }
        isStale = true
    }

    /// The share of items that are cheaper, 0 … 1, with half of those of about the same price; NaN when no price is known.
    public func level(of price: Double) -> Float {
        guard count > 0, !price.isNaN else { return .nan }
        if isStale { refresh() }
        return levels[Self.place(price)]
    }

    private func refresh() {
        isStale = false
        var before: UInt32 = 0
        let unit = 1 / Float(max(1, count))
        for place in 0..<Self.classes {
            levels[place] = (Float(before) + Float(counts[place]) * 0.5) * unit
            before += counts[place]
        }
    }

    /// The exponent and three binary digits of a price that is not negative.
    private static func place(_ price: Double) -> Int {
        min(max(Int(price.magnitude.bitPattern >> 49) - lowest, 0), classes - 1)
    }
}
