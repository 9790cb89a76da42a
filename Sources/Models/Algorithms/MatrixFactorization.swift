public import Linear

/// Matrix factorisation of ratings with biases (Koren, Bell, Volinsky, "Matrix Factorization Techniques for Recommender
/// Systems", IEEE Computer 2009): minimises `Σ (r − μ − b_u − b_i − w_u·h_i)² + λ(b² + ‖w‖² + ‖h‖²)` over the ratings 1–4
/// by stochastic gradient descent.
///
/// Ratings alone do not say what a user would touch at all, and where all of them are equal they say nothing. So each
/// rating brings `negatives` items that the user did not touch with a rating of 0; none is the paper's method, right for
/// predicting ratings. Steps follow one another in one thread: a seed gives one model.
public struct MatrixFactorization: Sendable, Equatable {
    /// Length of the vectors.
    public var factors = 32
    /// Passes over the ratings.
    public var epochs = 10
    /// Of the gradient.
    public var learningRate: Float = 0.03
    /// λ
    public var regularization: Float = 0.07
    /// Untouched items a rating, taken as 0.
    public var negatives = 4
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    /// Steps between two questions whether to go on.
    private static let stepsAtOnce = 512

    /// Learns vectors.
    ///
    /// - Parameters:
    ///   - interactions: users × items, weights are ratings.
    ///   - earlier: items to start from, as they are returned; rows of zeros start at random.
    /// - Returns: users × (K + 2), `[w, b_u, 1]`, and items × (K + 2), `[h, 1, b_i]`, so that a prediction is μ and a dot
    ///   product, and μ; nil if cancelled.
    public func train(
        _ interactions: Interactions, from earlier: Matrix? = nil, progress: (Double) -> Void = { _ in },
        isCancelled: @Sendable () -> Bool = { false }
    ) -> (factors: Factors, mean: Float)? {
        precondition(factors > 0 && epochs > 0 && negatives >= 0)
        let mean = mean(interactions)
        var users = start(rows: interactions.rows, one: factors + 1, from: nil, seed: seed)
        var items = start(
            rows: interactions.columns, one: factors, from: earlier, seed: seed ^ 0x5DEE_CE66_D1CE_4E5B)
        let owners = interactions.owners
        var order = Array(interactions.indices.indices)
        var random = RandomStream(seed: seed ^ 0x3C6E_F372_FE94_F82B)
        for epoch in 0..<epochs {
            order.shuffle(using: &random)
            for first in stride(from: 0, to: order.count, by: Self.stepsAtOnce) {
                if isCancelled() { return nil }
                for place in order[first..<min(first + Self.stepsAtOnce, order.count)] {
                    let user = Int(owners[place])
                    step(&users, user, &items, Int(interactions.indices[place]), interactions.weights[place] - mean)
                    for _ in 0..<negatives {
                        let item = random.below(interactions.columns)
                        guard !interactions.contains(user, Int32(item)) else { continue }
                        step(&users, user, &items, item, -mean)
                    }
                }
            }
            progress(Double(epoch + 1) / Double(epochs))
        }
        return (Factors(users: users, items: items), mean)
    }

    /// μ, with what the untouched items will say.
    private func mean(_ interactions: Interactions) -> Float {
        let sum = interactions.weights.reduce(0) { $0 + Double($1) }
        return interactions.count == 0 ? 0 : Float(sum / Double(interactions.count * (1 + negatives)))
    }

    private func step(_ users: inout Matrix, _ user: Int, _ items: inout Matrix, _ item: Int, _ rating: Float) {
        let (size, kernels, shrink) = (items.stride, Kernels.best, 1 - learningRate * regularization)
        users.withUnsafeMutableBase { users in
            items.withUnsafeMutableBase { items in
                let (w, h) = (users + user * size, items + item * size)
                let pull = learningRate * (rating - kernels.dot(w, h, length: size))
                kernels.mixBoth(w, h, pull, shrink, length: size)
                // What stands for a 1 on one side, against the bias of the other.
                w[factors + 1] = 1
                h[factors] = 1
            }
        }
    }

    /// Normal numbers of deviation 0.1 / √K, no bias, and a 1 at `one`.
    private func start(rows: Int, one: Int, from earlier: Matrix?, seed: UInt64) -> Matrix {
        var matrix = Matrix(rows: rows, columns: factors + 2)
        let (stride, deviation) = (matrix.stride, 0.1 / Double(factors).squareRoot())
        matrix.withUnsafeMutableBase { base in
            for row in 0..<rows {
                let vector = base + row * stride
                if let earlier, earlier.row(row)[one] == 1 {
                    vector.update(from: earlier.row(row), count: stride)
                    continue
                }
                var random = RandomStream(seed: seed, row: row)
                for column in 0..<factors { vector[column] = Float(random.normal() * deviation) }
                vector[one] = 1
            }
        }
        return matrix
    }
}
