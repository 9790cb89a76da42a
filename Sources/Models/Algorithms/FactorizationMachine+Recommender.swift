internal import Linear

extension FactorizationMachine: Recommender {
    public static let name = "fm"
    public static let summary = "factorization machine over users, items and their features (Rendle 2010)"

    public static let parameters: [Parameter<FactorizationMachine>] = [
        .integer("factors", 1...1023, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 4, to: 128),
        .integer("epochs", 1...1000, \.epochs, isLogarithmic: true, "passes over the interactions")
            .searched(from: 5, to: 100),
        .real("learning-rate", 0.0001...1, \.learningRate, isLogarithmic: true, "of the gradient")
            .searched(from: 0.003, to: 0.2),
        .real("regularization", 0.00001...1, \.regularization, isLogarithmic: true, "λ, of vectors and weights")
            .searched(from: 0.0001, to: 0.1),
        .integer("negatives", 1...100, \.negatives, "untouched items an interaction")
            .searched(from: 1, to: 10),
    ]

    /// Starts from an earlier model's items; categories, brands and users start anew, since their numbers are others.
    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        let features = FeatureTable(histories)
        var start = FactorizationParameters(features: features.count, factors: factors, seed: seed)
        if let earlier, earlier.model.parameters.factors == factors {
            let (known, stride) = (earlier.model, start.rows.stride)
            start.rows.withUnsafeMutableBase { base in
                for (item, row) in earlier.rows.enumerated() where row >= 0 {
                    (base + features.row(ofItem: item) * stride).update(
                        from: known.parameters.rows.row(known.features.row(ofItem: Int(row))), count: stride)
                }
            }
        }
        let learnt = train(histories, features, from: start, progress: progress, isCancelled: isCancelled)
        return learnt.map {
            Model(features, $0, learningRate: learningRate, regularization: regularization)
        }
    }
}
