internal import Linear

/// GMF of He, Liao, Zhang, Nie, Hu, Chua, "Neural Collaborative Filtering", WWW 2017: `σ(h · (p_u ⊙ q_i) + b)`, a
/// factorisation whose output weighs the factors. Learnt by binary cross-entropy with sampled negatives and Adam.
public struct GeneralizedMatrixFactorization: Recommender, Equatable {
    /// Length of the vectors.
    public var factors = 16
    /// Passes over the interactions.
    public var epochs = 10
    /// Pairs a step.
    public var batch = 256
    /// Untouched items an interaction.
    public var negatives = 4
    /// Of Adam.
    public var learningRate: Float = 0.002
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    public static let name = "gmf"
    public static let summary = "weighted product of embeddings, cross-entropy (He et al. 2017)"

    public static let parameters: [Parameter<GeneralizedMatrixFactorization>] = [
        .integer("factors", 1...512, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 4, to: 128),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the interactions")
            .searched(from: 2, to: 50),
        .integer("batch", 1...65_536, \.batch, isLogarithmic: true, "pairs a step")
            .searched(from: 64, to: 2048),
        .integer("negatives", 1...100, \.negatives, "untouched items an interaction")
            .searched(from: 1, to: 10),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of Adam")
            .searched(from: 0.0001, to: 0.03),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<CollaborativeModel>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> CollaborativeModel? {
        let interactions = histories.interactions
        let shape = CollaborativeNetwork.Shape(factors: factors, layers: [])
        var network = CollaborativeNetwork.start(shape, interactions, from: earlier, seed: seed)
        let training = NetworkTraining(epochs: epochs, batch: batch, negatives: negatives, seed: seed)
        let isDone = training.run(
            &network, interactions, Optimizer(.adam, rate: learningRate), progress: progress,
            isCancelled: isCancelled)
        return isDone ? CollaborativeModel(network, negatives: negatives) : nil
    }
}
