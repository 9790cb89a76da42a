public import Linear

/// What of a model a generation serves: item factors that users are projected on, or each item's neighbours, or both.
public struct ServedParts: Sendable {
    /// items × K, and how users are projected.
    public var factors: (items: Matrix, projection: FactorModel.Projection)?
    public var neighbours: NeighbourTable?

    public init(
        factors: (items: Matrix, projection: FactorModel.Projection)? = nil, neighbours: NeighbourTable? = nil
    ) {
        self.factors = factors
        self.neighbours = neighbours
    }
}

extension RecommenderModel {
    /// The most similar items of each item, `count` of them: n² similarities, so minutes for 100,000 items.
    public func served(
        neighbours count: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        let width = min(count, max(0, itemCount - 1))
        var indices = [Int32](repeating: -1, count: itemCount * width)
        var weights = [Float](repeating: 0, count: itemCount * width)
        // Rows are computed alone and written to their own places.
        let isDone = indices.withUnsafeMutableBufferPointer { indices in
            weights.withUnsafeMutableBufferPointer { weights in
                nonisolated(unsafe) let (indices, weights) = (indices, weights)
                return ParallelWork(threads: threads, isCancelled: isCancelled).run(pieces: itemCount) { next in
                    while let item = next() {
                        for (place, other) in similarItems(to: item, count: width).enumerated() {
                            indices[item * width + place] = other.index
                            weights[item * width + place] = other.score
                        }
                    }
                }
            }
        }
        guard isDone else { return nil }
        return ServedParts(
            neighbours: NeighbourTable(items: itemCount, width: width, indices: indices, weights: weights))
    }
}

extension FactorModel {
    /// The factors; their neighbours would say the same again.
    public func served(
        neighbours _: Int, threads _: Int, isCancelled _: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        ServedParts(factors: (items, projection))
    }
}
