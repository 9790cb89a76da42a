internal import Linear

extension MatrixFactorization: Recommender {
    public static let name = "mf"
    public static let summary = "factorisation of ratings with biases (Koren et al. 2009)"

    public static let parameters: [Parameter<MatrixFactorization>] = [
        .integer("factors", 1...1022, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 4, to: 256),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the ratings")
            .searched(from: 2, to: 50),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of the gradient")
            .searched(from: 0.001, to: 0.1),
        .real("regularization", 0.00001...10, \.regularization, isLogarithmic: true, "λ")
            .searched(from: 0.001, to: 1),
        .integer("negatives", 0...100, \.negatives, "untouched items a rating, taken as 0; 0 to predict ratings")
            .searched(from: 0, to: 10),
    ]

    /// A step takes a share of rate · λ off what it touches: of 1 or more, nothing is left but what grows.
    public func refusal(items: Int) -> String? {
        guard learningRate * regularization >= 1 else { return nil }
        return "mf diverges: its learning-rate times its regularization must be below 1, lower one of them"
    }

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        guard refusal(items: histories.items.count) == nil else { return nil }
        let start = earlier.flatMap { earlier in
            earlier.model.items.columns == factors + 2 ? earlier.model.items.taking(earlier.rows) : nil
        }
        guard
            let learnt = train(histories.interactions, from: start, progress: progress, isCancelled: isCancelled)
        else { return nil }
        return Model(
            items: learnt.factors.items, mean: learnt.mean, regularization: regularization, negatives: negatives)
    }
}
