public import Linear

/// What of a model a generation serves: item factors with the way in which users come to vectors, or each item's neighbours,
/// or both; of one that only counts, neither: the blend counts by itself.
public struct ServedParts: Sendable {
    /// How a user gets a vector.
    public enum FoldIn: Sendable {
        /// By one solve of the least squares that the items were learnt by.
        case leastSquares(FactorModel.Projection)
        /// By the steps of the model itself.
        case steps(any FoldingModel)
    }

    /// items × K.
    public var factors: (items: Matrix, foldIn: FoldIn)?
    /// Each item's neighbours; nil where factors say it all.
    public var neighbours: NeighbourTable?

    public init(factors: (items: Matrix, foldIn: FoldIn)? = nil, neighbours: NeighbourTable? = nil) {
        self.factors = factors
        self.neighbours = neighbours
    }

    var foldingModel: (any FoldingModel)? {
        if case .steps(let model) = factors?.foldIn { model } else { nil }
    }
}

extension RecommenderModel {
    /// The most similar items of each item, `count` of them: n² similarities, so minutes for 100,000 items.
    public func served(
        neighbours count: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        let width = min(count, max(0, itemCount - 1))
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        let table = NeighbourTable.filled(items: itemCount, width: width, work) { rows in
            { next in
                while let item = next() { rows.put(similarItems(to: item, count: width), of: item) }
            }
        }
        return table.map { ServedParts(neighbours: $0) }
    }
}

extension NeighbourTable {
    /// The table itself, as much of each row as is asked for: rows are in order already.
    public func served(
        neighbours count: Int, threads _: Int, isCancelled _: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        let kept = min(count, width, max(0, items - 1))
        func part<Element>(_ values: [Element]) -> [Element] {
            (0..<items).flatMap { values[range(of: $0).prefix(kept)] }
        }
        return ServedParts(
            neighbours: NeighbourTable(items: items, width: kept, indices: part(indices), weights: part(weights)))
    }

    /// Where threads put the rows that they worked out, each its own.
    struct Rows: @unchecked Sendable {
        fileprivate let width: Int
        fileprivate let indices: UnsafeMutableBufferPointer<Int32>
        fileprivate let weights: UnsafeMutableBufferPointer<Float>

        func put(_ row: some Sequence<Scored>, of item: Int) {
            for (place, other) in row.enumerated() {
                indices[item * width + place] = other.index
                weights[item * width + place] = other.score
            }
        }
    }

    /// A table that several threads fill, `part` items a piece of work; nil if cancelled.
    static func filled(
        items: Int, width: Int, part: Int = 1, _ work: ParallelWork, progress: (Double) -> Void = { _ in },
        worker: (_ rows: Rows) -> @Sendable (_ next: () -> Int?) -> Void
    ) -> NeighbourTable? {
        var indices = [Int32](repeating: -1, count: items * width)
        var weights = [Float](repeating: 0, count: items * width)
        let isDone = indices.withUnsafeMutableBufferPointer { indices in
            weights.withUnsafeMutableBufferPointer { weights in
                let rows = Rows(width: width, indices: indices, weights: weights)
                return work.run(pieces: (items + part - 1) / part, progress: progress, worker: worker(rows))
            }
        }
        return isDone ? NeighbourTable(items: items, width: width, indices: indices, weights: weights) : nil
    }
}

extension VectorModel {
    /// Each item's nearest.
    public func served(
        neighbours count: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        nearest(count, threads: threads, isCancelled: isCancelled).map { ServedParts(neighbours: $0) }
    }

    /// The items with the largest cosines of each item, by an exact search among vectors of length 1; nil if cancelled.
    func nearest(
        _ count: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) -> NeighbourTable? {
        let width = min(count, max(0, itemCount - 1))
        let directions = ranking.directions(columns: comparedColumns)
        let index = InnerProductIndex(directions)
        let (part, items) = (32, itemCount)
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        return NeighbourTable.filled(items: items, width: width, part: part, work) { rows in
            { next in
                let searcher = InnerProductSearcher()
                // One more, since an item is its own best.
                var results = [Scored](repeating: Scored(index: 0, score: 0), count: part * (width + 1))
                var found = [Int32](repeating: 0, count: part)
                while let piece = next() {
                    let members = piece * part..<min((piece + 1) * part, items)
                    let wanted = members.map { directions.isZero(row: $0) ? 0 : Int32(width + 1) }
                    searcher.search(
                        index, queries: directions.row(members.lowerBound), stride: directions.stride,
                        count: members.count, wanted: wanted, results: &results, resultStride: width + 1, found: &found)
                    for (place, item) in members.enumerated() {
                        let list = results[(place * (width + 1))...].prefix(Int(found[place]))
                        rows.put(list.lazy.filter { Int($0.index) != item && $0.score > 0 }.prefix(width), of: item)
                    }
                }
            }
        }
    }
}

extension FactorModel {
    /// The factors; their neighbours would say the same again.
    public func served(
        neighbours _: Int, threads _: Int, isCancelled _: @escaping @Sendable () -> Bool
    ) -> ServedParts? {
        ServedParts(factors: (items, .leastSquares(projection)))
    }
}
