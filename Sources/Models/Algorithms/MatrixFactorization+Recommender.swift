internal import Linear

extension MatrixFactorization: Recommender {
    public static let name = "mf"
    public static let summary = "factorisation of ratings with biases (Koren et al. 2009)"

    public static let parameters: [Parameter<MatrixFactorization>] = [
        .integer("factors", 1...1022, \.factors, isLogarithmic: true, "length of the vectors"),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the ratings"),
        .real("learning-rate", 0.00001...1, \.learningRate, isLogarithmic: true, "of the gradient"),
        .real("regularization", 0.00001...10, \.regularization, isLogarithmic: true, "λ"),
        .integer("negatives", 0...100, \.negatives, "untouched items a rating, taken as 0; 0 to predict ratings"),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
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
