internal import Events
public import Linear

/// Matrix factorisation with popularity-weighted missing data (He, Zhang, Kan, Chua, "Fast Matrix Factorization for Online
/// Recommendation with Implicit Feedback", SIGIR 2016): minimises `Σ w (1 − pᵀq)² + Σ_missing c_i (pᵀq)² + λ(‖P‖² + ‖Q‖²)`
/// by one coordinate at a time, where what a user did not touch weighs the more the more popular it is:
/// `c_i = c₀ f_i^a / Σ f^a`, f_i the users of i. The sums over all items stand in a K × K cache for each side. The result
/// depends on data, settings and seed only.
public struct ElementwiseALS: Sendable, Equatable {
    /// Length of the vectors.
    public var factors = 32
    /// Times each rating: w.
    public var alpha: Float = 1
    /// c₀, what all missing items weigh together.
    public var missingWeight: Float = 400
    /// a; 0 weighs all missing items alike.
    public var popularityExponent: Float = 0.4
    /// λ
    public var regularization: Float = 10
    /// Each updates all users, then all items.
    public var sweeps = 30
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {}

    /// c of each item.
    func missingWeights(_ byItem: Interactions) -> [Float] {
        let powers = (0..<byItem.rows).map { item in
            let count = byItem.range(of: item).count
            return count > 0 ? Deterministic.pow(Double(count), Double(popularityExponent)) : 0
        }
        let sum = powers.reduce(0, +)
        return powers.map { sum > 0 ? Float(Double(missingWeight) * $0 / sum) : 0 }
    }

    /// Learns factors.
    ///
    /// - Parameters:
    ///   - interactions: users × items.
    ///   - earlier: items to start from; rows of zeros start at random.
    ///   - isCancelled: asked every few ms, from every thread.
    /// - Returns: users × K and items × K, nil if cancelled.
    public func train(
        _ interactions: Interactions, from earlier: Matrix? = nil, progress: (Double) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Factors? {
        precondition(factors > 0 && sweeps > 0)
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        let byItem = interactions.transposed()
        let missing = missingWeights(byItem)
        var users = Matrix(rows: interactions.rows, columns: factors)
        var items = start(rows: byItem.rows, from: earlier)
        for sweep in 0..<sweeps {
            let ofItems = CoordinateProblem(
                interactions: interactions, other: items, missing: .ofOther(missing), alpha: alpha,
                regularization: regularization)
            guard ofItems.improve(&users, work) else { return nil }
            progress((Double(sweep) + 0.5) / Double(sweeps))
            let ofUsers = CoordinateProblem(
                interactions: byItem, other: users, missing: .ofRow(missing), alpha: alpha,
                regularization: regularization)
            guard ofUsers.improve(&items, work) else { return nil }
            progress(Double(sweep + 1) / Double(sweeps))
        }
        return Factors(users: users, items: items)
    }

    /// Normal numbers of deviation 0.1: users start at zero, and follow from the items.
    private func start(rows: Int, from earlier: Matrix?) -> Matrix {
        var matrix = Matrix(rows: rows, columns: factors)
        let stride = matrix.stride
        matrix.withUnsafeMutableBase { base in
            for row in 0..<rows {
                if let earlier, !earlier.isZero(row: row) {
                    (base + row * stride).update(from: earlier.row(row), count: stride)
                    continue
                }
                var random = RandomStream(seed: seed, row: row)
                for column in 0..<factors { base[row * stride + column] = Float(random.normal() * 0.1) }
            }
        }
        return matrix
    }
}
