internal import Events
internal import Linear

extension CovisitationTable {
    /// Asks for an item's row, and then for its neighbours, ahead of their use.
    @inline(__always)
    func prefetchRow(_ item: Item) {
        if Int(item) < rowCount { Kernels.prefetch(rows + Int(item), bytes: MemoryLayout<Row>.size) }
    }

    @inline(__always)
    func prefetchNeighbours(of item: Item) {
        guard Int(item) < rowCount, let entries = rows[Int(item)].entries else { return }
        Kernels.prefetch(entries, bytes: Int(rows[Int(item)].capacity) * MemoryLayout<Entry>.stride)
    }

    /// Adds `factor` times each neighbour's count to the scores.
    @inline(__always)
    func addNeighbours(of item: Item, times factor: Float, to scores: ScoreAccumulator) {
        guard Int(item) < rowCount else { return }
        let row = rows[Int(item)]
        guard let entries = row.entries else { return }
        scores.add(entries, count: Int(row.capacity), times: factor * Float(scale(row)) / 4096)
    }

    /// Multiplies each score with its item's n^−a.
    func multiplyByTargetNorms(_ scores: ScoreAccumulator) {
        let touched = scores.touched
        for place in 0..<scores.count { scores[touched[place]] *= targetNorm(touched[place]) }
    }
}
