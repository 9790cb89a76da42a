public import Linear

/// Matrix factorisation for implicit feedback by alternating least squares (Hu, Koren, Volinsky, ICDM 2008), with the
/// regularisation scaled by frequency and the settings of Rendle et al. (Revisiting the Performance of iALS, RecSys 2022):
/// minimises `Σ c (1 − wᵀh)² + α₀ Σ_all (wᵀh)² + Σ λ (n + α₀ N)^ν ‖·‖²`, where n counts a row's interactions and N the
/// rows of the other side. The result depends on data, settings and seed only: not on machine or threads.
public struct ImplicitALS: Sendable, Equatable {
    /// How a sweep solves each row, the other side standing still.
    public enum Solver: Sendable, Equatable {
        /// Exact, by Cholesky: cubic in the factors for every row.
        case cholesky
        /// So many steps from the vector of the sweep before (Takács, Pilászy, Tikk, RecSys 2011).
        case conjugateGradient(steps: Int)
        /// A Newton step on so many columns after another, from the vector of the sweep before (iALS++: Rendle, Krichene,
        /// Zhang, Koren, "iALS++: Speeding up Matrix Factorization with Subspace Optimization", 2021). With one block
        /// of all columns it is exact.
        case blocks(size: Int)
    }

    /// Length of the vectors.
    public var factors = 64
    /// Times each interaction's weight: its confidence.
    public var alpha: Float = 1
    /// α₀, the weight of what was not touched.
    public var unobservedWeight: Float = 0.1
    /// λ.
    public var regularization: Float = 0.01
    /// ν: 1 scales the regularisation by a row's frequency, 0 not at all.
    public var frequencyExponent: Float = 1
    /// Each solves all users, then all items.
    public var sweeps = 14
    public var solver = Solver.conjugateGradient(steps: 3)
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {}

    /// Learns factors.
    ///
    /// - Parameters:
    ///   - interactions: users × items.
    ///   - earlier: factors to start from, for as many rows as they have; the other rows start at random. Items at zero get
    ///     their vectors from their users in the first sweep; those whose users have no other items start at random too, and are at
    ///     zero again where that only got smaller: so little does not outweigh the regularisation.
    ///   - progress: told the share that is done, on the calling thread, after each half of a sweep.
    ///   - isCancelled: asked before each 8 rows, from every thread; a row takes its interactions times K² steps.
    /// - Returns: the factors, or nil if cancelled.
    public func train(
        _ interactions: Interactions, from earlier: Factors? = nil, progress: (Double) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Factors? {
        precondition(factors > 0 && factors <= 1024 && threads > 0)
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        let byUser = scaled(interactions)
        let byItem = byUser.transposed()
        var users = start(rows: byUser.rows, from: earlier?.users, seed: seed)
        let isStuck = earlier.map { Self.stuck($0.items, byUser, byItem) }
        var items = start(
            rows: byItem.rows, from: earlier?.items, seed: seed ^ 0x5DEE_CE66_D1CE_4E5B, redrawing: isStuck ?? [])
        for sweep in 0..<sweeps {
            guard solve(&users, byUser, against: items, work) else { return nil }
            progress((Double(sweep) + 0.5) / Double(sweeps))
            guard solve(&items, byItem, against: users, work) else { return nil }
            progress(Double(sweep + 1) / Double(sweeps))
        }
        if let isStuck { items.clear(isStuck, below: Self.startLength) }
        return Factors(users: users, items: items)
    }

    /// Vectors of `rows` users (or items) for given factors of the other side, as a sweep computes them, exactly.
    /// Nil if cancelled.
    public func project(
        _ interactions: Interactions, onto other: Matrix, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Matrix? {
        var exact = self
        exact.solver = .cholesky
        exact.factors = other.columns
        var result = Matrix(rows: interactions.rows, columns: other.columns)
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        return exact.solve(&result, scaled(interactions), against: other, work) ? result : nil
    }

    /// The ridge of a row with `count` interactions against `others` rows: `λ (n + α₀ N)^ν`.
    public func ridge(count: Int, others: Int) -> Float {
        projection.ridge(count: count, others: others)
    }

    /// How a user is projected on the factors that this learns.
    var projection: FactorModel.Projection {
        var projection = FactorModel.Projection()
        projection.alpha = alpha
        projection.unobservedWeight = unobservedWeight
        projection.regularization = regularization
        projection.frequencyExponent = frequencyExponent
        return projection
    }

    private func scaled(_ interactions: Interactions) -> Interactions {
        guard alpha != 1 else { return interactions }
        return Interactions(
            rows: interactions.rows, columns: interactions.columns, offsets: interactions.offsets,
            indices: interactions.indices, weights: interactions.weights.map { alpha * $0 })
    }

    /// The items at zero that sweeps would leave there: their users have items at zero only, and so are solved to zero.
    private static func stuck(_ items: Matrix, _ byUser: Interactions, _ byItem: Interactions) -> [Bool] {
        let isZero = (0..<byItem.rows).map { $0 < items.rows && items.isZero(row: $0) }
        let isMoved = (0..<byUser.rows).map { user in
            byUser.indices[byUser.range(of: user)].contains { !isZero[Int($0)] }
        }
        return isZero.indices.map { item in
            isZero[item] && !byItem.indices[byItem.range(of: item)].contains { isMoved[Int($0)] }
        }
    }

    /// Of a vector that starts at random, about.
    private static let startLength: Float = 0.1

    /// Normal numbers of deviation 0.1 / √factors, a stream for each row: rows that come later leave the others alone.
    private func start(rows: Int, from earlier: Matrix?, seed: UInt64, redrawing isDrawn: [Bool] = []) -> Matrix {
        var matrix = Matrix(rows: rows, columns: factors)
        let stride = matrix.stride
        let deviation = Double(Self.startLength) / Double(factors).squareRoot()
        let known = earlier.map { $0.columns == factors ? min($0.rows, rows) : 0 } ?? 0
        matrix.withUnsafeMutableBase { base in
            if let earlier { base.update(from: earlier.base, count: known * stride) }
            for row in 0..<rows where row >= known || (row < isDrawn.count && isDrawn[row]) {
                var random = RandomStream(seed: seed, row: row)
                for column in 0..<factors { base[row * stride + column] = Float(random.normal() * deviation) }
            }
        }
        return matrix
    }
}

extension Matrix {
    /// Sets those of the marked rows to zero that are shorter than a length.
    fileprivate mutating func clear(_ isMarked: [Bool], below length: Float) {
        let stride = stride
        withUnsafeMutableBase { base in
            for row in isMarked.indices where isMarked[row] {
                let values = base + row * stride
                let square = Kernels.best.dot(values, values, length: stride)
                if square < length * length { values.update(repeating: 0, count: stride) }
            }
        }
    }
}
