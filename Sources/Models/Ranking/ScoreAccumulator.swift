internal import Events
internal import Linear

/// Sums scores by item number, and knows which items it has touched; emptied in the time that these take.
///
/// It owns its memory, which `reserve` alone moves.
final class ScoreAccumulator {
    private var scores: UnsafeMutablePointer<Float>
    /// The items with a score, in the order in which they got one.
    private(set) var touched: UnsafeMutablePointer<IdentifierTable.Number>
    private(set) var count = 0
    /// Item numbers that there is room for.
    private(set) var capacity = 0

    init() {
        scores = .allocate(capacity: 1)
        scores.initialize(to: 0)
        touched = .allocate(capacity: 1)
    }

    deinit {
        scores.deallocate()
        touched.deallocate()
    }

    /// Room for the item numbers below `count`; nothing may have been added.
    func reserve(_ count: Int) {
        guard capacity < count else { return }
        precondition(self.count == 0, "scores would be lost")
        scores.deallocate()
        touched.deallocate()
        capacity = count + count / 2
        // One more, where what is no item adds its nothing.
        scores = .allocate(capacity: capacity + 1)
        scores.initialize(repeating: 0, count: capacity + 1)
        touched = .allocate(capacity: capacity + 1)
    }

    /// Adds amounts that are not negative; nothing for items that are none.
    @inline(__always)
    func add(_ row: UnsafePointer<CovisitationTable.Entry>, count slots: Int, times unit: Float) {
        let scores = scores
        let touched = touched
        let nobody = IdentifierTable.Number(truncatingIfNeeded: capacity)
        var found = count
        for slot in 0..<slots {
            // No branch on what is there: half-full rows cannot be foretold. An empty place has a count of 0.
            let item = min(row[slot].item, nobody)
            let amount = Float(row[slot].count) * unit
            let before = scores[Int(item)]
            touched[found] = item
            found &+= (before == 0 ? 1 : 0) & (amount > 0 ? 1 : 0)
            scores[Int(item)] = before + amount
        }
        count = found
    }

    /// Adds an amount; nothing where it is not positive: an item whose score stays 0 would be touched again and again.
    @inline(__always)
    func add(_ item: IdentifierTable.Number, _ amount: Float) {
        guard amount > 0 else { return }
        let before = scores[Int(item)]
        if before == 0 {
            touched[count] = item
            count += 1
        }
        scores[Int(item)] = before + amount
    }

    @inline(__always)
    subscript(_ item: IdentifierTable.Number) -> Float {
        get { scores[Int(item)] }
        set { scores[Int(item)] = newValue }
    }

    /// The scores in the order of `touched`, first multiplied with their items' factors where there are any.
    /// - Returns: the largest, or 0.
    func gather(into values: UnsafeMutablePointer<Float>, scaledBy factors: UnsafePointer<Float>? = nil) -> Float {
        let places = UnsafeRawPointer(touched).assumingMemoryBound(to: Int32.self)
        return Kernels.best.gather(scores, scaledBy: factors, at: places, count: count, into: values)
    }

    func clear() {
        for index in 0..<count { scores[Int(touched[index])] = 0 }
        count = 0
    }
}
