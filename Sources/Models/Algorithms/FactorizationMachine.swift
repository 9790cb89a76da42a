internal import Linear

/// Factorization machine (Rendle, "Factorization Machines", ICDM 2010) over who the user is, how much and which category
/// the user touches most, and the item with its category, brand and price band:
/// `y = w₀ + Σ w_a x_a + Σ_{a<b} (v_a · v_b) x_a x_b`. Learnt as the log-odds that a user touches an item, by stochastic
/// gradient descent on the logistic loss, from each interaction and `negatives` items that its user did not touch.
///
/// Steps follow one another in one thread: a seed gives one model. What is served are vectors whose dot product ranks as
/// the machine does (`Model`).
public struct FactorizationMachine: Sendable, Equatable {
    /// Length of the vectors.
    public var factors = 32
    /// Passes over the interactions.
    public var epochs = 40
    /// Of the gradient.
    public var learningRate: Float = 0.03
    /// λ, of vectors and weights.
    public var regularization: Float = 0.01
    /// Untouched items an interaction.
    public var negatives = 4
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    /// Steps between two questions whether to go on.
    private static let stepsAtOnce = 256

    /// Learns the machine of some histories.
    ///
    /// - Parameters:
    ///   - start: parameters to start from.
    ///   - isCancelled: asked every few ms.
    /// - Returns: nil if cancelled.
    func train(
        _ histories: TrainingHistories, _ features: FeatureTable, from start: FactorizationParameters,
        progress: (Double) -> Void, isCancelled: () -> Bool
    ) -> FactorizationParameters? {
        var parameters = start
        let interactions = histories.interactions
        let owners = interactions.owners
        let users = (0..<histories.userCount).map { features.features(of: histories.history(of: $0)) }
        let items = (0..<features.items).map { features.features(of: $0) }
        var order = Array(interactions.indices.indices)
        var random = RandomStream(seed: seed ^ 0x1F83_D9AB_FB41_BD6B)
        for epoch in 0..<epochs {
            order.shuffle(using: &random)
            for first in stride(from: 0, to: order.count, by: Self.stepsAtOnce) {
                if isCancelled() { return nil }
                for place in order[first..<min(first + Self.stepsAtOnce, order.count)] {
                    let user = Int(owners[place])
                    let item = Int(interactions.indices[place])
                    parameters.step(users[user], items[item], target: 1, self)
                    for _ in 0..<negatives {
                        let other = random.below(interactions.columns)
                        guard !interactions.contains(user, Int32(other)) else { continue }
                        parameters.step(users[user], items[other], target: 0, self)
                    }
                }
            }
            progress(Double(epoch + 1) / Double(epochs))
        }
        return parameters
    }
}
