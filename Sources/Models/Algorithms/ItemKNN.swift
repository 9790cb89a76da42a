internal import Events
internal import Linear

/// The algorithm `knn`: cosines of whole, weighted histories. (The blend's learner `neighbours`, `WindowNeighbours`, counts
/// what stands near in a history.)
///
/// Item-based neighbourhoods (Sarwar, Karypis, Konstan, Riedl, WWW 2001; Deshpande, Karypis, TOIS 2004): two items are
/// near where the same users touched both. The weight of item i for an item j of the user is `C_ji n_j^−b n_i^−a`, C the
/// product of the items' columns and n the square of a column's norm: with a = b = ½, the cosine. With users' rows
/// normalised and a < ½ it is the linear filter of Shen et al. ("How Powerful is Graph Convolution for Recommendation?",
/// CIKM 2021), popularity given back. Depends on data and settings only; memory beyond the result is one number an item for
/// each thread.
public struct ItemKNN: Sendable, Equatable {
    /// Kept of each item.
    public var neighbours = 100
    /// a: below ½, popular items are nearer to all.
    public var targetExponent: Float = 0.5
    /// b: above ½, a user's popular items say less.
    public var sourceExponent: Float = 0.5
    /// Added to the product of the norms: neighbours with little support weigh less.
    public var shrinkage: Float = 0
    /// Takes `1 + ln(weight)` for each weight (at least 1), as BM25-like weights do with counts. A weight is the pair's rating,
    /// that of its strongest event, decayed: a history keeps the latest time of each type of event (`PairRating`), and counts
    /// no repeated ones, so there are no counts to dampen. Ratings differ by a factor of four at most, so it is off.
    public var dampensWeights = false
    /// Divides a user's weights by their Euclidean norm: who touches much says less with each touch.
    public var normalisesUsers = true
    /// Nothing here is random.
    public var seed: UInt64 = 1
    /// Users with more items than this are left out: robots, and they cost the square of it.
    public var itemsPerUserMax = 5000
    public var threads = 2

    public init() {}

    /// Computes the neighbours of all items.
    ///
    /// - Parameters:
    ///   - interactions: users × items.
    ///   - progress: told the share that is done, on the calling thread.
    ///   - isCancelled: asked between items, from every thread.
    /// - Returns: neighbours with positive cosines, equal ones by index; nil if cancelled.
    public func train(
        _ interactions: Interactions, progress: (Double) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> NeighbourTable? {
        precondition(neighbours > 0 && threads > 0)
        let byUser = prepared(interactions)
        let byItem = byUser.transposed()
        let norms = norms(byItem)
        let items = byItem.rows
        let width = min(neighbours, max(0, items - 1))
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        let table = NeighbourTable.filled(items: items, width: width, work, progress: progress) { rows in
            { next in
                var row = CosineRow(items: items, neighbours: width, shrinkage: shrinkage)
                while let item = next() { row.compute(item, byUser, byItem, norms, into: rows) }
            }
        }
        if table != nil { progress(1) }
        return table
    }

    /// n^a and n^b of each item.
    private func norms(_ byItem: Interactions) -> [(target: Float, source: Float)] {
        (0..<byItem.rows).map { item in
            let square = byItem.weights[byItem.range(of: item)].reduce(Float(0)) { $0 + $1 * $1 }
            func power(_ exponent: Float) -> Float {
                if exponent == 0.5 { return square.squareRoot() }
                return square > 0 ? Float(Deterministic.pow(Double(square), Double(exponent))) : 0
            }
            return (power(targetExponent), power(sourceExponent))
        }
    }

    /// Without the users that are left out, weights dampened.
    private func prepared(_ interactions: Interactions) -> Interactions {
        var offsets = [0]
        var indices: [Int32] = []
        var weights: [Float] = []
        indices.reserveCapacity(interactions.count)
        weights.reserveCapacity(interactions.count)
        for user in 0..<interactions.rows {
            let range = interactions.range(of: user)
            if range.count <= itemsPerUserMax {
                indices += interactions.indices[range]
                weights += prepared(interactions.weights[range])
            }
            offsets.append(indices.count)
        }
        return Interactions(
            rows: interactions.rows, columns: interactions.columns, offsets: offsets, indices: indices, weights: weights
        )
    }

    private func prepared(_ weights: ArraySlice<Float>) -> [Float] {
        let weights = dampensWeights ? weights.map(Self.dampened) : Array(weights)
        guard normalisesUsers else { return weights }
        let norm = weights.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
        return norm > 0 ? weights.map { $0 / norm } : weights
    }

    private static func dampened(_ weight: Float) -> Float {
        1 + Float(max(Deterministic.log2(Double(weight)), 0) * 0.693147180559945309417)
    }
}

/// One item against all others: a dense row of sums, of which it knows the entries that are not zero.
private struct CosineRow {
    private let shrinkage: Float
    private var sums: [Float]
    private var touched: [Int32] = []
    private var top: TopN
    private var ranked: [Scored] = []

    init(items: Int, neighbours: Int, shrinkage: Float) {
        self.shrinkage = shrinkage
        sums = Array(repeating: 0, count: items)
        top = TopN(capacity: neighbours)
    }

    mutating func compute(
        _ item: Int, _ byUser: Interactions, _ byItem: Interactions, _ norms: [(target: Float, source: Float)],
        into rows: NeighbourTable.Rows
    ) {
        for n in byItem.range(of: item) {
            let weight = byItem.weights[n]
            for m in byUser.range(of: Int(byItem.indices[n])) {
                let other = byUser.indices[m]
                if sums[Int(other)] == 0 { touched.append(other) }
                sums[Int(other)] += weight * byUser.weights[m]
            }
        }
        for other in touched {
            let sum = sums[Int(other)]
            sums[Int(other)] = 0
            let scale = norms[item].source * norms[Int(other)].target + shrinkage
            if Int(other) != item, sum > 0, scale > 0 { top.offer(sum / scale, index: other) }
        }
        touched.removeAll(keepingCapacity: true)
        ranked.removeAll(keepingCapacity: true)
        top.drain(into: &ranked)
        rows.put(ranked, of: item)
    }
}
