public import Events
internal import Linear

/// Popularity as forward-decayed sums (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009), one column for
/// each half-life of a bank, so that a generation can choose among them without folding the log again.
///
/// An event at time t adds 2^((t − L)/h) to its item. The landmark L moves by 32 half-lives at a time, at fixed steps of
/// the largest event time seen; all values are then multiplied by 2^−32, which is exact. Values of one column are
/// comparable with each other only. A pause counts for at most 64 half-lives.
public final class DecayedPopularity {
    /// An item's number in the identifier table: it means nothing outside the process.
    public typealias Item = IdentifierTable.Number

    /// Half-lives in milliseconds, 0 for none.
    public let halfLives: [Int64]
    /// One for each half-life, in their order.
    public let columns: Int
    @exclusivity(unchecked) @usableFromInline var values: UnsafeMutablePointer<Double>
    @exclusivity(unchecked) private var itemCapacity = 1024
    @exclusivity(unchecked) @usableFromInline var itemCount = 0
    /// Half-lives are counted in steps of 32 from 1970; the landmark of a column is its step's beginning.
    @exclusivity(unchecked) private var steps: [Int64]
    /// What an event at `gainTime` adds to each column.
    private let gains: UnsafeMutablePointer<Double>
    private var gainTime: Int64 = -1
    /// The time of each column's landmark, and of the next one; `Int64.max` where nothing decays.
    private let landmarks: UnsafeMutablePointer<Int64>
    private let boundaries: UnsafeMutablePointer<Int64>

    /// By how many half-lives a landmark moves at a time: between two moves, what an event adds stays below 2³².
    public static let halfLivesPerStep: Int64 = 32

    /// An empty bank of at least one half-life, in milliseconds, 0 for none.
    public init(halfLives: [Int64]) {
        precondition(!halfLives.isEmpty, "popularity needs a half-life (0 for none)")
        self.halfLives = halfLives
        columns = halfLives.count
        steps = Array(repeating: 0, count: halfLives.count)
        values = .allocate(capacity: itemCapacity * columns)
        gains = .allocate(capacity: columns)
        gains.initialize(repeating: 0, count: columns)
        landmarks = .allocate(capacity: columns)
        landmarks.initialize(repeating: 0, count: columns)
        boundaries = .allocate(capacity: columns)
        boundaries.initialize(repeating: 0, count: columns)
        for column in 0..<columns { setLandmark(column) }
    }

    deinit {
        values.deallocate()
        gains.deallocate()
        landmarks.deallocate()
        boundaries.deallocate()
    }

    /// Adds an event at `time` (ms) to an item's columns. Gains are taken from `other`, of the same half-lives, where it
    /// has them for the same time.
    public func learn(item: Item, time: Int64, like other: DecayedPopularity? = nil) {
        reserve(item)
        if time != gainTime { setGains(time, like: other) }
        let row = values + Int(item) * columns
        for column in 0..<columns { row[column] += gains[column] }
    }

    @inline(__always)
    func prefetch(_ item: Item) {
        if Int(item) < itemCount { Kernels.prefetch(values + Int(item) * columns, bytes: 1) }
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

    /// Sets an item's values to 0 in all columns.
    public func forget(_ item: Item) {
        guard Int(item) < itemCount else { return }
        (values + Int(item) * columns).update(repeating: 0, count: columns)
    }

    private func setGains(_ time: Int64, like other: DecayedPopularity?) {
        for column in 0..<columns {
            if time >= boundaries[column] { advance(column, to: time / (Self.halfLivesPerStep * halfLives[column])) }
            if let other, other.gainTime == time, other.landmarks[column] == landmarks[column] {
                gains[column] = other.gains[column]
            } else {
                gains[column] = gain(column, time)
            }
        }
        gainTime = time
    }

    private func gain(_ column: Int, _ time: Int64) -> Double {
        let halfLife = halfLives[column]
        guard halfLife > 0 else { return 1 }
        return Deterministic.exp2(Double(time - landmarks[column]) / Double(halfLife))
    }

    private func setLandmark(_ column: Int) {
        let width = Self.halfLivesPerStep * halfLives[column]
        landmarks[column] = steps[column] * width
        boundaries[column] = width > 0 ? (steps[column] + 1) * width : .max
        gainTime = -1
    }

    /// Moves a column's landmark; its values lose 32 binary digits of exponent a step, but after a pause no more than those
    /// of two: one new event outweighs all before it then, and what was popular before keeps its order. Without the bound all
    /// of it would be 0, and a shop that wakes up would show its items by their ids.
    private func advance(_ column: Int, to step: Int64) {
        let moved = min(step - steps[column], 2)
        steps[column] = step
        setLandmark(column)
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

    /// Where one column's landmark stands: when it moves, all values of the column fall.
    func landmarkStep(_ column: Int) -> Int64 { steps[column] }

    /// Puts the landmarks where `landmarkSteps` says that they stood when the values were taken; values stay as they
    /// are.
    public func restore(landmarkSteps: [Int64]) {
        precondition(landmarkSteps.count == columns, "a landmark for each half-life")
        steps = landmarkSteps
        for column in 0..<columns { setLandmark(column) }
    }

    /// Puts an item's values back, one a column, as they stood under the restored landmarks.
    public func restore(_ item: Item, values restored: [Double]) {
        precondition(restored.count == columns, "a value for each half-life")
        reserve(item)
        for column in 0..<columns { values[Int(item) * columns + column] = restored[column] }
    }
}
