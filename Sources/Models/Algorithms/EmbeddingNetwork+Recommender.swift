internal import Linear

extension EmbeddingNetwork: Recommender {
    public static let name = "embedding"
    public static let summary = "product of embeddings through a dense layer, squared loss (gluon's example)"

    public static let parameters: [Parameter<EmbeddingNetwork>] = [
        .integer("embedding", 1...512, \.embedding, isLogarithmic: true, "length of the embeddings"),
        .integer("hidden", 1...1024, \.hidden, isLogarithmic: true, "outputs of the dense layers"),
        .real("dropout", 0...0.9, \.dropout, "share of each side's outputs that a step leaves out"),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the ratings"),
        .integer("batch", 1...65_536, \.batch, isLogarithmic: true, "ratings a step"),
        .integer("negatives", 0...100, \.negatives, "untouched items a rating, taken as 0; 0 to predict ratings"),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of the descent"),
        .real("momentum", 0...0.999, \.momentum, "of the descent"),
        .real("weight-decay", 0...0.1, \.weightDecay, "of what a step touches"),
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
