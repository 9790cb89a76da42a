internal import Linear

/// NeuMF of He et al., "Neural Collaborative Filtering", WWW 2017: GMF and MLP with embeddings of their own under one
/// output, which starts from both, trained alone by Adam, and is then trained on as a whole by plain gradient descent, since
/// Adam would need what it remembered of them. A start from an earlier model leaves the pre-training out and trains the whole
/// by Adam: users and items that are new start at random there, and need larger steps.
public struct NeuralMatrixFactorization: Recommender, Equatable {
    /// Length of GMF's vectors, and outputs of MLP's last layer.
    public var factors = 8
    /// MLP's dense layers before the output.
    public var layers = 3
    /// Of GMF and of MLP before they are joined; 0 trains the whole from nothing, by Adam.
    public var pretrainingEpochs = 10
    /// Passes over the interactions of the joined whole.
    public var epochs = 5
    /// Pairs a step.
    public var batch = 256
    /// Untouched items an interaction.
    public var negatives = 4
    /// α, GMF's part in the output that both are joined under; MLP has 1 − α.
    public var productShare: Float = 0.5
    /// Of Adam, which also trains the whole where there is no pre-training.
    public var learningRate: Float = 0.002
    /// Of gradient descent after the pre-training.
    public var tuningRate: Float = 0.01
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    public static let name = "neumf"
    public static let summary = "gmf and mlp under one output, pre-trained (He et al. 2017)"

    public static let parameters: [Parameter<NeuralMatrixFactorization>] = [
        .integer("factors", 1...256, \.factors, isLogarithmic: true, "length of gmf's vectors, outputs of mlp")
            .searched(from: 4, to: 32),
        .integer("layers", 0...5, \.layers, "mlp's dense layers, each half as wide as the one before")
            .searched(from: 0, to: 3),
        .integer("pretraining-epochs", 0...100, \.pretrainingEpochs, "of gmf and mlp alone; 0 for none")
            .searched(from: 0, to: 20),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the interactions after that")
            .searched(from: 1, to: 30),
        .integer("batch", 1...65_536, \.batch, isLogarithmic: true, "pairs a step")
            .searched(from: 64, to: 2048),
        .integer("negatives", 1...100, \.negatives, "untouched items an interaction")
            .searched(from: 1, to: 10),
        .real("product-share", 0...1, \.productShare, "gmf's part in the joined output"),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of Adam")
            .searched(from: 0.0001, to: 0.03),
        .real("tuning-rate", 0.00001...1, \.tuningRate, isLogarithmic: true, "of gradient descent after pre-training")
            .searched(from: 0.001, to: 0.1),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<CollaborativeModel>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> CollaborativeModel? {
        let interactions = histories.interactions
        let tower = MultiLayerPerceptron.widths(factors: factors, layers: layers)
        let shape = CollaborativeNetwork.Shape(factors: factors, layers: tower)
        let isTrained = earlier?.model.network.shape == shape
        var network: CollaborativeNetwork
        var done = 0.0
        if isTrained || pretrainingEpochs == 0 {
            network = .start(shape, interactions, from: earlier, seed: seed)
        } else {
            // As shares of the time: a pass of GMF costs a third of one of the others.
            let whole = Double(4 * pretrainingEpochs + 4 * epochs) / 3
            let (product, joint) = (Double(pretrainingEpochs) / 3 / whole, Double(4 * pretrainingEpochs) / 3 / whole)
            guard
                let first = pretrained(
                    .init(factors: factors, layers: []), interactions, { progress(product * $0) }, isCancelled),
                let second = pretrained(
                    .init(factors: 0, layers: tower), interactions,
                    { progress(product + (joint - product) * $0) }, isCancelled)
            else { return nil }
            network = .joining(first, second, share: productShare)
            done = joint
        }
        // Users who start anew need steps of Adam's size.
        let optimizer =
            done > 0
            ? Optimizer(.momentum(0), rate: tuningRate) : Optimizer(.adam, rate: learningRate)
        let isDone = NetworkTraining(epochs: epochs, batch: batch, negatives: negatives, seed: seed &+ 1).run(
            &network, interactions, optimizer, progress: { progress(done + (1 - done) * $0) },
            isCancelled: isCancelled)
        return isDone ? CollaborativeModel(network, negatives: negatives) : nil
    }

    private func pretrained(
        _ shape: CollaborativeNetwork.Shape, _ interactions: Interactions, _ progress: (Double) -> Void,
        _ isCancelled: () -> Bool
    ) -> CollaborativeNetwork? {
        var network = CollaborativeNetwork.start(shape, interactions, from: nil, seed: seed)
        let isDone = NetworkTraining(epochs: pretrainingEpochs, batch: batch, negatives: negatives, seed: seed).run(
            &network, interactions, Optimizer(.adam, rate: learningRate), progress: progress,
            isCancelled: isCancelled)
        return isDone ? network : nil
    }
}
