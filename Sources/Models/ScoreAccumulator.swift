internal import Events

/// Sums scores by item number, and knows which items it has touched; emptied in the time that these take.
struct ScoreAccumulator {
    private(set) var scores: [Float] = []
    private(set) var touched: [IdentifierTable.Number] = []

    mutating func reserve(_ count: Int) {
        guard scores.count < count else { return }
        scores.append(contentsOf: repeatElement(0, count: count + count / 2 - scores.count))
    }

    /// Adds a positive amount.
    @inline(__always)
    mutating func add(_ item: IdentifierTable.Number, _ amount: Float) {
        let before = scores[Int(item)]
        if before == 0 { touched.append(item) }
        scores[Int(item)] = before + amount
    }

    @inline(__always)
    subscript(_ item: IdentifierTable.Number) -> Float {
        get { scores[Int(item)] }
        set { scores[Int(item)] = newValue }
    }

    mutating func clear() {
        for item in touched { scores[Int(item)] = 0 }
        touched.removeAll(keepingCapacity: true)
    }
}
