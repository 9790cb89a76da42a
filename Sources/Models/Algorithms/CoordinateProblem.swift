internal import Linear

/// One half of a sweep of `ElementwiseALS`: the rows of one side against the factors of the other. Rows do not depend on
/// one another.
struct CoordinateProblem: Sendable {
    /// What a pair weighs that is not there.
    enum Missing: Sendable {
        /// A number for each row of the other side.
        case ofOther([Float])
        /// A number for each row of this side.
        case ofRow([Float])
    }

    let interactions: Interactions
    let other: Matrix
    let missing: Missing
    let alpha: Float
    let regularization: Float
    /// `Σ c h hᵀ` where c is the other side's, `Σ h hᵀ` where it is the row's.
    private let cache: Matrix

    private static let rowsAtOnce = 8

    init(interactions: Interactions, other: Matrix, missing: Missing, alpha: Float, regularization: Float) {
        self.interactions = interactions
        self.other = other
        self.missing = missing
        self.alpha = alpha
        self.regularization = regularization
        switch missing {
        case .ofOther(let weights): cache = other.scalingRows(by: weights.map { $0.squareRoot() }).gram()
        case .ofRow: cache = other.gram()
        }
    }

    /// Improves every row of `target` in place. False if cancelled.
    func improve(_ target: inout Matrix, _ work: ParallelWork) -> Bool {
        precondition(target.rows == interactions.rows && other.rows == interactions.columns)
        let (rows, stride) = (target.rows, target.stride)
        return target.withUnsafeMutableBase { base in
            let target = SharedPointer(base: base)
            return work.run(pieces: (rows + Self.rowsAtOnce - 1) / Self.rowsAtOnce) { next in
                var room = Room()
                while let piece = next() {
                    for row in piece * Self.rowsAtOnce..<min((piece + 1) * Self.rowsAtOnce, rows) {
                        let range = interactions.range(of: row)
                        improve(
                            target.base + row * stride, indices: interactions.indices[range],
                            ratings: interactions.weights[range], row: row, passes: 1, &room)
                    }
                }
            }
        }
    }

    /// What a thread works in: for each column, the row's entries of it, plain and weighted; and what each entry lacks.
    struct Room {
        fileprivate var plain = Matrix(rows: 0, columns: 0)
        fileprivate var weighted = Matrix(rows: 0, columns: 0)
        fileprivate var lacks = Matrix(rows: 0, columns: 0)

        fileprivate mutating func fit(_ count: Int, columns: Int) {
            guard plain.columns != count || plain.rows != columns else { return }
            plain = Matrix(rows: columns, columns: count)
            weighted = Matrix(rows: columns, columns: count)
            lacks = Matrix(rows: 1, columns: count)
        }
    }

    /// Improves one vector, one coordinate after another, `passes` times.
    ///
    /// With `a = w − c` of each entry, a coordinate's best value is `(Σ (w − a r̂) q + x Σ a q² − (S x − x S_ff)) / (Σ a q²
    /// + S_ff + λ)`; what an entry lacks, `w − a r̂`, is kept up to date.
    func improve(
        _ vector: UnsafeMutablePointer<Float>, indices: ArraySlice<Int32>, ratings: ArraySlice<Float>, row: Int,
        passes: Int, _ room: inout Room
    ) {
        let (columns, kernels) = (other.columns, Kernels.best)
        guard !indices.isEmpty else {
            vector.update(repeating: 0, count: other.stride)
            return
        }
        room.fit(indices.count, columns: columns)
        let length = room.plain.stride
        var scale: Float = 1
        if case .ofRow(let weights) = missing { scale = weights[row] }
        room.plain.withUnsafeMutableBase { plain in
            room.weighted.withUnsafeMutableBase { weighted in
                room.lacks.withUnsafeMutableBase { lacks in
                    gather(vector, indices, ratings, scale, plain, weighted, lacks, length)
                    for pass in 0..<(passes * columns) {
                        let column = pass % columns
                        let (q, aq) = (plain + column * length, weighted + column * length)
                        let own = cache.row(column)
                        let square = kernels.dot(aq, q, length: length)
                        let others = kernels.dot(own, vector, length: other.stride) - vector[column] * own[column]
                        let pull = kernels.dot(lacks, q, length: length) + vector[column] * square - scale * others
                        let curvature = square + scale * own[column] + regularization
                        let value = curvature > 1e-30 ? pull / curvature : 0
                        kernels.add(aq, scaledBy: vector[column] - value, to: lacks, length: length)
                        vector[column] = value
                    }
                }
            }
        }
    }

    private func gather(
        _ vector: UnsafeMutablePointer<Float>, _ indices: ArraySlice<Int32>, _ ratings: ArraySlice<Float>,
        _ scale: Float, _ plain: UnsafeMutablePointer<Float>, _ weighted: UnsafeMutablePointer<Float>,
        _ lacks: UnsafeMutablePointer<Float>, _ length: Int
    ) {
        for (place, (index, rating)) in zip(indices, ratings).enumerated() {
            let source = other.row(Int(index))
            let weight = alpha * rating
            var excess = weight - scale
            if case .ofOther(let weights) = missing { excess = weight - weights[Int(index)] }
            for column in 0..<other.columns {
                plain[column * length + place] = source[column]
                weighted[column * length + place] = excess * source[column]
            }
            lacks[place] = weight - excess * Kernels.best.dot(source, vector, length: other.stride)
        }
    }
}

extension Matrix {
    /// Each row times a number.
    func scalingRows(by factors: [Float]) -> Matrix {
        precondition(factors.count == rows)
        var result = self
        let stride = stride
        result.withUnsafeMutableBase { base in
            for (row, factor) in factors.enumerated() {
                for column in 0..<stride { base[row * stride + column] *= factor }
            }
        }
        return result
    }
}
