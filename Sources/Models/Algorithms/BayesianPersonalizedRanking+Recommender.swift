internal import Linear

extension BayesianPersonalizedRanking: Recommender {
    public static let name = "bpr"
    public static let summary = "matrix factorisation for pairwise order (Rendle et al. 2009)"

    public static let parameters: [Parameter<BayesianPersonalizedRanking>] = [
        .integer("factors", 1...1023, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 8, to: 256),
        .integer("epochs", 1...2000, \.epochs, isLogarithmic: true, "steps, in multiples of the interactions")
            .searched(from: 10, to: 300),
        .real("learning-rate", 0.0001...1, \.learningRate, isLogarithmic: true, "of the gradient")
            .searched(from: 0.003, to: 0.2),
        .real("regularization", 0.00001...1, \.regularization, isLogarithmic: true, "λ, of vectors and biases")
            .searched(from: 0.0001, to: 0.2),
    ]

    /// Starts from an earlier model's items; users start anew, since rows of users say nothing of who they are.
    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        let start = earlier.flatMap { earlier in
            earlier.model.items.columns == factors + 1 ? earlier.model.items.taking(earlier.rows) : nil
        }
        let learnt = train(histories.interactions, from: start, progress: progress, isCancelled: isCancelled)
        return learnt.map { Model($0, learningRate: learningRate, regularization: regularization) }
    }
}
