internal import Linear

extension EmbeddingNetwork: Recommender {
    public static let name = "embedding"
    public static let summary = "product of embeddings through a dense layer, squared loss (gluon's example)"

    public static let parameters: [Parameter<EmbeddingNetwork>] = [
        .integer("embedding", 1...512, \.embedding, isLogarithmic: true, "length of the embeddings")
            .searched(from: 4, to: 64),
        .integer("hidden", 1...1024, \.hidden, isLogarithmic: true, "outputs of the dense layers")
            .searched(from: 8, to: 128),
        .real("dropout", 0...0.9, \.dropout, "share of each side's outputs that a step leaves out")
            .searched(from: 0, to: 0.5),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the ratings")
            .searched(from: 2, to: 50),
        .integer("batch", 1...65_536, \.batch, isLogarithmic: true, "ratings a step")
            .searched(from: 16, to: 1024),
        .integer("negatives", 0...100, \.negatives, "untouched items a rating, taken as 0; 0 to predict ratings")
            .searched(from: 0, to: 10),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of the descent")
            .searched(from: 0.003, to: 0.3),
        .real("momentum", 0...0.999, \.momentum, "of the descent")
            .searched(from: 0, to: 0.95),
        .real("weight-decay", 0...0.1, \.weightDecay, "of what a step touches")
            .searched(from: 0, to: 0.001),
    ]

    /// Starts from an earlier model's layers and items; users start anew.
    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        let learnt = train(histories.interactions, from: earlier, progress: progress, isCancelled: isCancelled)
        return learnt.map { Model(users: $0.users, items: $0.items, learningRate: learningRate, negatives: negatives) }
    }
}
