internal import Events
public import Linear

/// Embarrassingly shallow autoencoder (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019): the item
/// weights B that minimise `‖X − XB‖² + λ‖B‖²` with nothing on B's diagonal, in closed form: `P = (XᵀX + λI)⁻¹`,
/// `B_ji = −P_ji / P_ii`. X says who touched what, 1 or 0.
///
/// The weights are 4 items² bytes, and fitting takes twice that; time grows with items³, so catalogues beyond `itemsMax`
/// are refused. The result depends on data and settings only.
public struct EASE: Sendable, Equatable {
    /// λ, in users.
    public var regularization: Float = 200
    /// Divides a user's row by (number of items)^exponent, so that who touches much says less with each touch; 0 is the
    /// paper's. Rows are scaled back by one factor for all, so that λ means the same.
    public var userExponent: Float = 0.25
    /// The largest catalogue that is taken: 20,000 items take 3.2 GB.
    public var itemsMax = 20_000
    /// Nothing here is random.
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {}

    /// `−(XᵀX + λI)⁻¹`, items × items.
    ///
    /// - Parameters:
    ///   - interactions: users × items, at most `itemsMax` of them; weights only say that a pair is there.
    ///   - isCancelled: asked every few ms, from every thread.
    /// - Returns: nil if cancelled.
    public func train(
        _ interactions: Interactions, progress: (Double) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> Matrix? {
        precondition(interactions.columns <= itemsMax, "refused before")
        let work = ParallelWork(threads: threads, isCancelled: isCancelled)
        guard var square = gram(interactions, work, progress: { progress(0.1 * $0) }) else { return nil }
        progress(0.1)
        let inverse = SymmetricInverse(work: work)
        guard inverse.negatedInverse(of: &square, progress: { progress(0.1 + 0.9 * $0) }) else { return nil }
        return square
    }

    /// `XᵀX + λI`, its upper triangle; threads take rows.
    private func gram(
        _ interactions: Interactions, _ work: ParallelWork, progress: (Double) -> Void
    ) -> Matrix? {
        let byItem = interactions.transposed()
        let weights = userWeights(interactions)
        var square = Matrix(rows: interactions.columns, columns: interactions.columns)
        let stride = square.stride
        let done = square.withUnsafeMutableBase { base in
            let target = SharedPointer(base: base)
            return work.run(pieces: byItem.rows, progress: progress) { next in
                while let item = next() {
                    let row = target.base + item * stride
                    for user in byItem.indices[byItem.range(of: item)] {
                        let weight = weights[Int(user)]
                        // A user's items rise: those behind this one are the upper triangle.
                        for other in interactions.indices[interactions.range(of: Int(user))].reversed() {
                            guard other >= Int32(item) else { break }
                            row[Int(other)] += weight
                        }
                    }
                    row[item] += regularization
                }
            }
        }
        return done ? square : nil
    }

    /// The square of what each user's row is multiplied with: `n^(−2 exponent)`, times what keeps the trace.
    private func userWeights(_ interactions: Interactions) -> [Float] {
        guard userExponent != 0 else { return [Float](repeating: 1, count: interactions.rows) }
        let counts = (0..<interactions.rows).map { interactions.range(of: $0).count }
        let weights = counts.map { $0 > 0 ? Deterministic.pow(Double($0), -2 * Double(userExponent)) : 0 }
        let trace = zip(counts, weights).reduce(0) { $0 + Double($1.0) * $1.1 }
        return weights.map { Float($0 * Double(interactions.count) / trace) }
    }
}
