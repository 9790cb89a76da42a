internal import Linear

extension EASE: Recommender {
    public static let name = "ease"
    public static let summary = "item weights in closed form, for catalogues of some thousands (Steck 2019)"

    public static let parameters: [Parameter<EASE>] = [
        .real("regularization", 0.01...1_000_000, \.regularization, isLogarithmic: true, "λ, in users")
            .searched(from: 1, to: 10_000),
        .real("user-exponent", 0...1, \.userExponent, "a user's row is divided by its number of items to this power"),
        .limit("items-max", 1...65_536, \.itemsMax, "the largest catalogue that is taken"),
    ]

    public func refusal(items count: Int) -> String? {
        guard count > itemsMax else { return nil }
        let gigabytes = Int((8e-9 * Double(count) * Double(count)).rounded(.up))
        return "ease needs \(gigabytes) GB to fit the weights of \(count) items, and takes at most \(itemsMax): "
            + "raise items-max, or use knn or als"
    }

    /// Nothing to start from: the closed form starts anew.
    public func fit(
        _ histories: TrainingHistories, from _: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        guard refusal(items: histories.items.count) == nil else { return nil }
        return train(histories.interactions, progress: progress, isCancelled: isCancelled).map(Model.init)
    }
}
