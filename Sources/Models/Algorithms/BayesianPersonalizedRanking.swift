public import Linear

/// Matrix factorisation that learns orders (Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian Personalized
/// Ranking from Implicit Feedback", UAI 2009): maximises `Σ ln σ(x_ui − x_uj) − λ‖Θ‖²` over pairs of an item i that user u
/// touched and one, j, that u did not, with `x_ui = w_u · h_i + b_i`, by stochastic gradient ascent. A step draws one
/// interaction of all, and an item of the catalogue that its user did not touch.
///
/// Steps follow one another in one thread: each changes what the next one reads, and a fixed order is what makes the same
/// seed give the same model whatever the threads.
public struct BayesianPersonalizedRanking: Sendable, Equatable {
    /// Length of the vectors.
    public var factors = 64
    /// Steps are `epochs` times the interactions.
    public var epochs = 100
    /// Of the gradient.
    public var learningRate: Float = 0.03
    /// λ, of vectors and biases.
    public var regularization: Float = 0.02
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    /// Steps between two questions whether to go on.
    static let stepsAtOnce = 2048

    /// Learns vectors.
    ///
    /// - Parameters:
    ///   - interactions: users × items; weights only say that a pair is there.
    ///   - items: vectors with their biases to start from, items × (factors + 1); nil to start at random.
    /// - Returns: users × (factors + 1), the last of each 1, and items × (factors + 1), the last the bias; nil if
    ///   cancelled.
    public func train(
        _ interactions: Interactions, from items: Matrix? = nil, progress: (Double) -> Void = { _ in },
        isCancelled: @Sendable () -> Bool = { false }
    ) -> Factors? {
        precondition(factors > 0 && epochs > 0)
        let start = start(interactions, items)
        guard let users = start.users else { return nil }
        var learner = PairwiseLearner(self, interactions, users: users, items: start.items)
        let owners = interactions.owners
        var random = RandomStream(seed: seed ^ 0xB5E5_1A7E_0F2D_9C31)
        for epoch in 0..<epochs {
            var step = 0
            while step < interactions.count {
                if isCancelled() { return nil }
                let end = min(step + Self.stepsAtOnce, interactions.count)
                while step < end {
                    let place = random.below(interactions.count)
                    learner.step(Int(owners[place]), Int(interactions.indices[place]), &random)
                    step += 1
                }
            }
            progress(Double(epoch + 1) / Double(epochs))
        }
        return Factors(users: learner.users, items: learner.items)
    }

    /// Uniform numbers of −½…½ over the vectors' length, and biases of 0.
    private func start(_ interactions: Interactions, _ known: Matrix?) -> Factors {
        var users = Matrix(rows: interactions.rows, columns: factors + 1)
        var items = Matrix(rows: interactions.columns, columns: factors + 1)
        func fill(_ matrix: inout Matrix, seed: UInt64, last: Float, known: Matrix?) {
            let (rows, stride) = (matrix.rows, matrix.stride)
            matrix.withUnsafeMutableBase { base in
                for row in 0..<rows {
                    let vector = base + row * stride
                    // A row of zeros is one that the earlier model did not have.
                    if let known, (0...factors).contains(where: { known.row(row)[$0] != 0 }) {
                        vector.update(from: known.row(row), count: stride)
                        continue
                    }
                    var random = RandomStream(seed: seed, row: row)
                    for column in 0..<factors { vector[column] = Float(random.uniform() - 0.5) / Float(factors) }
                    vector[factors] = last
                }
            }
        }
        fill(&users, seed: seed, last: 1, known: nil)
        fill(&items, seed: seed ^ 0x5DEE_CE66_D1CE_4E5B, last: 0, known: known)
        return Factors(users: users, items: items)
    }
}
