public import Events
internal import Linear

/// Popularity as forward-decayed sums (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009), one column for
/// each half-life of a bank, so that a generation can choose among them without folding the log again.
///
/// An event at time t adds 2^((t − L)/h) to its item. The landmark L moves by 32 half-lives at a time, at fixed steps of
/// the largest event time seen; all values are then multiplied by 2^−32, which is exact. Values of one column are
/// comparable with each other only.
public final class DecayedPopularity {
    public typealias Item = IdentifierTable.Number

    /// Half-lives in milliseconds, 0 for none.
    public let halfLives: [Int64]
    public let columns: Int
    @exclusivity(unchecked) @usableFromInline var values: UnsafeMutablePointer<Double>
    @exclusivity(unchecked) private var itemCapacity = 1024
    @exclusivity(unchecked) @usableFromInline var itemCount = 0
    /// Half-lives are counted in steps of 32 from 1970; the landmark of a column is its step's beginning.
    @exclusivity(unchecked) private var steps: [Int64]
    private let gains: UnsafeMutablePointer<Double>

    static let halfLivesPerStep: Int64 = 32

    public init(halfLives: [Int64]) {
        precondition(!halfLives.isEmpty, "popularity needs a half-life (0 for none)")
        self.halfLives = halfLives
        columns = halfLives.count
        steps = Array(repeating: 0, count: halfLives.count)
        values = .allocate(capacity: itemCapacity * columns)
        gains = .allocate(capacity: columns)
        gains.initialize(repeating: 0, count: columns)
    }

    deinit {
        values.deallocate()
        gains.deallocate()
    }

    /// Adds an event at `time` (ms) to an item's columns.
    public func learn(item: Item, time: Int64) {
        reserve(item)
        let row = values + Int(item) * columns
        for column in 0..<columns {
            row[column] += gain(column, time)
        }
    }

    /// The value of an item; compare within a column only.
    @inlinable
    public func value(_ item: Item, column: Int) -> Double {
        Int(item) < itemCount ? values[Int(item) * columns + column] : 0
    }

    /// The number of events that a value stands for at `time`.
    public func decayedCount(_ item: Item, column: Int, at time: Int64) -> Double {
        let value = value(item, column: column)
        guard halfLives[column] > 0, value > 0 else { return value }
        let landmark = steps[column] * Self.halfLivesPerStep * halfLives[column]
        return value * Deterministic.exp2(Double(landmark - time) / Double(halfLives[column]))
    }

    public func forget(_ item: Item) {
        guard Int(item) < itemCount else { return }
        (values + Int(item) * columns).update(repeating: 0, count: columns)
    }

    private func gain(_ column: Int, _ time: Int64) -> Double {
        let halfLife = halfLives[column]
        guard halfLife > 0 else { return 1 }
        let width = Self.halfLivesPerStep * halfLife
        let step = time / width
        if step > steps[column] { advance(column, to: step) }
        return Deterministic.exp2(Double(time - steps[column] * width) / Double(halfLife))
    }

    /// Moves a column's landmark; its values lose 32 binary digits of exponent a step.
    private func advance(_ column: Int, to step: Int64) {
        let moved = min(step - steps[column], 64)
        steps[column] = step
        var factor = 1.0
        for _ in 0..<moved { factor *= 0x1p-32 }
        for item in 0..<itemCount { values[item * columns + column] *= factor }
    }

    private func reserve(_ item: Item) {
        if Int(item) < itemCount { return }
        if Int(item) >= itemCapacity {
            let capacity = max(Int(item) + 1, itemCapacity * 2)
            let larger = UnsafeMutablePointer<Double>.allocate(capacity: capacity * columns)
            larger.moveInitialize(from: values, count: itemCount * columns)
            values.deallocate()
            values = larger
            itemCapacity = capacity
        }
        (values + itemCount * columns).initialize(repeating: 0, count: (Int(item) + 1 - itemCount) * columns)
        itemCount = Int(item) + 1
    }
}

extension DecayedPopularity {
    /// Where the landmarks stand, for a snapshot.
    public var landmarkSteps: [Int64] { steps }

    public func restore(landmarkSteps: [Int64]) {
        precondition(landmarkSteps.count == columns, "a landmark for each half-life")
        steps = landmarkSteps
    }

    public func restore(_ item: Item, values restored: [Double]) {
        precondition(restored.count == columns, "a value for each half-life")
        reserve(item)
        for column in 0..<columns { values[Int(item) * columns + column] = restored[column] }
    }
}
