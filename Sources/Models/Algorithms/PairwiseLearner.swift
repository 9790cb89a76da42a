internal import Events
internal import Linear

/// The steps of `BayesianPersonalizedRanking` on its vectors.
struct PairwiseLearner {
    private let settings: BayesianPersonalizedRanking
    private let interactions: Interactions
    private(set) var users: Matrix
    private(set) var items: Matrix
    /// A user's vector as it was before a step.
    private var before: Matrix
    private let kernels = Kernels.best

    init(_ settings: BayesianPersonalizedRanking, _ interactions: Interactions, users: Matrix, items: Matrix) {
        precondition(users.rows == interactions.rows && items.rows == interactions.columns)
        self.settings = settings
        self.interactions = interactions
        self.users = users
        self.items = items
        before = Matrix(rows: 1, columns: items.columns)
    }

    /// Moves the user towards the item and away from another that the user did not touch, and both items likewise.
    mutating func step(_ user: Int, _ item: Int, _ random: inout RandomStream) {
        guard let other = interactions.drawUntouched(user, &random).map(Int.init) else { return }
        let (size, bias) = (items.stride, settings.factors)
        let (rate, shrink) = (settings.learningRate, 1 - settings.learningRate * settings.regularization)
        users.withUnsafeMutableBase { users in
            items.withUnsafeMutableBase { items in
                before.withUnsafeMutableBase { old in
                    let (w, i, j) = (users + user * size, items + item * size, items + other * size)
                    let difference = kernels.dot(w, i, length: size) - kernels.dot(w, j, length: size)
                    let pull = rate * Self.sigmoid(-difference)
                    old.update(from: w, count: size)
                    kernels.mix(i, pull, into: w, shrink, length: size)
                    kernels.add(j, scaledBy: -pull, to: w, length: size)
                    // The users' last number stands for the 1 that the biases are multiplied with.
                    w[bias] = 1
                    kernels.mix(old, pull, into: i, shrink, length: size)
                    kernels.mix(old, -pull, into: j, shrink, length: size)
                }
            }
        }
    }

    /// 1 / (1 + e^−x).
    static func sigmoid(_ x: Float) -> Float {
        1 / (1 + Float(Deterministic.exp2(Double(-x) * 1.44269504088896340736)))
    }
}
