internal import Linear

extension ElementwiseALS: Recommender {
    public static let name = "eals"
    public static let summary = "implicit factors with popularity-weighted missing data (He et al. 2016)"

    public static let parameters: [Parameter<ElementwiseALS>] = [
        .integer("factors", 1...1024, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 8, to: 256),
        .real("alpha", 0.001...1000, \.alpha, isLogarithmic: true, "times each rating: its weight"),
        .real("missing-weight", 0.01...100_000, \.missingWeight, isLogarithmic: true, "c₀, of all missing items")
            .searched(from: 1, to: 10_000),
        .real("popularity-exponent", 0...2, \.popularityExponent, "a: above 0, popular items are missed more"),
        .real("regularization", 0.00001...1000, \.regularization, isLogarithmic: true, "λ")
            .searched(from: 0.001, to: 100),
        .integer("sweeps", 1...500, \.sweeps, "each updates all users, then all items")
            .searched(from: 5, to: 60),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        let start = earlier.flatMap { earlier in
            earlier.model.items.columns == factors ? earlier.model.items.taking(earlier.rows) : nil
        }
        let interactions = histories.interactions
        let missing = missingWeights(interactions.transposed())
        guard let learnt = train(interactions, from: start, progress: progress, isCancelled: isCancelled) else {
            return nil
        }
        return Model(items: learnt.items, missing: missing, alpha: alpha, regularization: regularization)
    }
}
