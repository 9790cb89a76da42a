internal import Linear

/// MLP of He et al., "Neural Collaborative Filtering", WWW 2017: the embeddings of user and item, concatenated, go through
/// dense layers with rectifiers, each half as wide as the one before (a tower), and a last weight for each output. Learnt
/// by binary cross-entropy with sampled negatives and Adam.
public struct MultiLayerPerceptron: Recommender, Equatable {
    /// Outputs of the last layer; embeddings have `factors · 2^(layers − 1)` numbers.
    public var factors = 8
    /// Dense layers before the output; 0 leaves the concatenated embeddings, `factors` long together.
    public var layers = 3
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

    public static let name = "mlp"
    public static let summary = "embeddings through dense layers, cross-entropy (He et al. 2017)"

    public static let parameters: [Parameter<MultiLayerPerceptron>] = [
        .integer("factors", 1...256, \.factors, isLogarithmic: true, "outputs of the last layer")
            .searched(from: 4, to: 32),
        .integer("layers", 0...5, \.layers, "dense layers, each half as wide as the one before")
            .searched(from: 0, to: 3),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the interactions")
            .searched(from: 2, to: 50),
        .integer("batch", 1...65_536, \.batch, isLogarithmic: true, "pairs a step")
            .searched(from: 64, to: 2048),
        .integer("negatives", 1...100, \.negatives, "untouched items an interaction")
            .searched(from: 1, to: 10),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of Adam")
            .searched(from: 0.0001, to: 0.03),
    ]

    /// Inputs of the tower's first layer, and outputs of all.
    static func widths(factors: Int, layers: Int) -> [Int] { (0...layers).map { factors << (layers - $0) } }

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<CollaborativeModel>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> CollaborativeModel? {
        let interactions = histories.interactions
        let shape = CollaborativeNetwork.Shape(factors: 0, layers: Self.widths(factors: factors, layers: layers))
        var network = CollaborativeNetwork.start(shape, interactions, from: earlier, seed: seed)
        let training = NetworkTraining(epochs: epochs, batch: batch, negatives: negatives, seed: seed)
        let isDone = training.run(
            &network, interactions, Optimizer(.adam, rate: learningRate), progress: progress,
            isCancelled: isCancelled)
        return isDone ? CollaborativeModel(network, negatives: negatives) : nil
    }
}
