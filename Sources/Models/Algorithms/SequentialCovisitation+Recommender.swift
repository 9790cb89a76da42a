internal import Events

extension SequentialCovisitation: Recommender {
    public static let name = "covisitation"
    public static let summary = "what was touched shortly after a user's newest items (after Linden et al. 2003)"

    public static let parameters: [Parameter<SequentialCovisitation>] = [
        .integer("window", 1...200, \.window, isLogarithmic: true, "preceding items that an item is paired with")
            .searched(from: 1, to: 50),
        .real("distance-exponent", 0...4, \.distanceExponent, "γ, on the distance of a pair")
            .searched(from: 0, to: 2),
        .real("backward-weight", 0...1, \.backwardWeight, "of a pair in the other direction"),
        .real("half-life-days", 0...3650, \.halfLifeDays, "of a count; 0 for none")
            .searched(from: 0, to: 365),
        .integer("neighbours", 1...16384, \.neighbours, isLogarithmic: true, "kept of each item")
            .searched(from: 10, to: 1000),
        .integer("recents", 1...200, \.recents, "newest items of a user that are asked")
            .searched(from: 1, to: 100),
        .real("position-decay", 0.01...1, \.positionDecay, "ρ, of each older item"),
        .real("target-exponent", 0...1, \.targetExponent, "a, on the target's count"),
        .real("source-exponent", 0...1, \.sourceExponent, "b, on the source's count"),
    ]

    /// Nothing to start from: histories are counted anew.
    public func fit(
        _ histories: TrainingHistories, from _: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        guard let table = table(histories, progress: progress, isCancelled: isCancelled) else { return nil }
        let model = Model(table, items: histories.items.count, settings: self)
        progress(1)
        return model
    }
}
