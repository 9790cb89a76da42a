public import Events

/// Sequential co-visitation: how often one item was touched shortly after another, nearer pairs weighing more.
///
/// On an event of item i by a user whose distinct recent items are j₁ (newest), j₂, …, every pair learns
/// `C[jₖ→i] += g·(k+1)^−γ` and `C[i→jₖ] += w_b·g·(k+1)^−γ`, and `n_i += g`; g is the forward weight of the event's
/// time, 2^((t−L)/h). All counts are integers in fixed point (2¹² is one event), so that their order of summation does
/// not matter and every machine gets the same ones. With a half-life, the landmark L moves by whole half-lives of the
/// largest event time seen, and a row is shifted right by as many bits when it is next touched.
///
/// A row keeps a bounded number of neighbours: past the bound its smallest counts are dropped, ties by the hash of the
/// neighbour's identifier, which is the same on every machine. The idea is the item-to-item table of Linden, Smith and
/// York, "Amazon.com Recommendations" (IEEE Internet Computing 2003), with order and distance.
public final class CovisitationTable {
    /// What the counts depend on; another value makes another state.
    public struct Settings: Sendable, Equatable {
        /// How many preceding distinct items an event is paired with.
        public var window = 10
        /// The exponent γ on the distance of a pair.
        public var distanceExponent = 0.7
        /// The weight w_b of the pair in the other direction.
        public var backwardWeight = 0.6
        /// The half-life of a count in milliseconds; 0 for none.
        public var halfLifeMilliseconds: Int64 = 0
        /// The neighbours that a row keeps when it has outgrown its bound.
        public var neighbours = 128

        public init() {}
    }

    /// An item's number in the identifier table: it means nothing outside the process.
    public typealias Item = IdentifierTable.Number

    static let one: Double = 4096

    public let settings: Settings
    let identifiers: IdentifierTable
    // No method calls back but `forEachNeighbour`, which holds a copy of the row: no run-time checks of exclusive access.
    @exclusivity(unchecked) @usableFromInline var rows: UnsafeMutablePointer<Row>
    @exclusivity(unchecked) @usableFromInline var rowCount = 0
    @exclusivity(unchecked) var rowCapacity = 1024
    let largestCapacity: Int32
    /// (k+1)^−γ for k = 1…window, forward and backward, in fixed point.
    private let forwardWeights: [Double]
    private let backwardWeights: [Double]
    /// The same, rounded: what a pair weighs where nothing decays.
    private let forwardUnits: [UInt32]
    private let backwardUnits: [UInt32]
    let arena = RowArena()
    let pruning: RowPruning
    /// n^−a of each item on the scale of its own row's epoch, for ranking; derived, and made again when a changes.
    var targetNorms: UnsafeMutablePointer<Float>
    var normCount = 0
    var normCapacity = 0
    var targetExponent = 0.0
    /// The number of half-lives that the largest event time has passed since the epoch of 1970.
    @exclusivity(unchecked) public internal(set) var epoch: Int64 = 0

    /// An empty table.
    /// - Parameter identifiers: what numbers the items; their hashes break ties where a row is pruned.
    public init(settings: Settings, identifiers: IdentifierTable) {
        precondition(settings.window > 0 && settings.neighbours > 0, "a co-visitation row needs room")
        self.settings = settings
        self.identifiers = identifiers
        rows = .allocate(capacity: rowCapacity)
        targetNorms = .allocate(capacity: 0)
        var capacity: Int32 = 4
        while Int(capacity) < settings.neighbours * 2 { capacity *= 2 }
        largestCapacity = capacity
        forwardWeights = (1...settings.window).map {
            Deterministic.pow(Double($0 + 1), -settings.distanceExponent) * Self.one
        }
        backwardWeights = forwardWeights.map { $0 * settings.backwardWeight }
        forwardUnits = forwardWeights.map { UInt32($0.rounded()) }
        backwardUnits = backwardWeights.map { UInt32($0.rounded()) }
        pruning = RowPruning(capacity: Int(capacity))
    }

    deinit {
        rows.deallocate()
        targetNorms.deallocate()
    }

    /// Learns one event of `item`, whose user touched `preceding` (newest first, without `item`) before it.
    public func learn(item: Item, preceding: UnsafeBufferPointer<Item>, time: Int64) {
        var gain = 1.0
        if settings.halfLifeMilliseconds > 0 {
            let halfLife = settings.halfLifeMilliseconds
            epoch = max(epoch, time / halfLife)
            gain = Deterministic.exp2(Double(time - epoch * halfLife) / Double(halfLife))
        }
        let count = min(preceding.count, settings.window)
        var largest = item
        for index in 0..<count { largest = max(largest, preceding[index]) }
        reserve(largest)
        prefetchPairs(item: item, preceding: preceding)
        age(item)
        for index in 0..<count {
            let other = preceding[index]
            age(other)
            let forward = gain == 1 ? forwardUnits[index] : UInt32((forwardWeights[index] * gain).rounded())
            let backward = gain == 1 ? backwardUnits[index] : UInt32((backwardWeights[index] * gain).rounded())
            add(forward, to: other, neighbour: item)
            add(backward, to: item, neighbour: other)
        }
        rows[Int(item)].total += gain == 1 ? UInt64(Self.one) : UInt64((Self.one * gain).rounded())
        refreshNorm(item)
    }

    /// Forgets a row; counts that other rows hold of the item stay.
    public func forget(_ item: Item) {
        guard Int(item) < rowCount else { return }
        clear(rows + Int(item))
        refreshNorm(item)
    }

    /// n of an item on the scale of the present epoch, 1 being one event.
    public func total(_ item: Item) -> Double {
        guard Int(item) < rowCount else { return 0 }
        let row = rows[Int(item)]
        return Double(row.total) / Self.one * scale(row)
    }

    /// How many neighbours an item's row holds at present; 0 for an item without events.
    public func neighbourCount(_ item: Item) -> Int {
        Int(item) < rowCount ? Int(rows[Int(item)].count) : 0
    }

    /// Calls `body(neighbour, count)` for each neighbour of an item, 1 being one event at distance 0, in no defined order.
    @inlinable
    public func forEachNeighbour(of item: Item, _ body: (Item, Float) -> Void) {
        guard Int(item) < rowCount else { return }
        let row = rows[Int(item)]
        guard let entries = row.entries else { return }
        let unit = Float(scale(row)) / 4096
        for slot in 0..<Int(row.capacity) where entries[slot].item != IdentifierTable.none {
            body(entries[slot].item, Float(entries[slot].count) * unit)
        }
    }

    /// What a row's counts have to be multiplied with to stand on the scale of the present epoch.
    @usableFromInline
    func scale(_ row: Row) -> Double {
        let shift = epoch - row.epoch
        return shift <= 0 ? 1 : (shift >= 64 ? 0 : 1 / Double(UInt64(1) << UInt64(shift)))
    }
}
