internal import Linear

extension Ensemble: Recommender {
    public static let name = "ensemble"
    public static let summary = "EASE, item neighbourhoods and implicit ALS, with fitted weights"

    public static let parameters: [Parameter<Ensemble>] = [
        .integer("als-factors", 1...1024, \.als.factors, isLogarithmic: true, "length of ALS's vectors")
            .searched(from: 8, to: 256),
        .real("als-alpha0", 0.0001...10, \.als.unobservedWeight, isLogarithmic: true, "α₀ of ALS")
            .searched(from: 0.001, to: 2),
        .real("als-regularization", 0.00001...10, \.als.regularization, isLogarithmic: true, "λ of ALS")
            .searched(from: 0.0001, to: 1),
        .integer("als-sweeps", 1...200, \.als.sweeps, "of ALS")
            .searched(from: 4, to: 30),
        .integer("knn-neighbours", 1...4096, \.knn.neighbours, isLogarithmic: true, "kept of each item")
            .searched(from: 10, to: 1000),
        .real("knn-target-exponent", 0...1, \.knn.targetExponent, "a of the neighbourhoods"),
        .real("knn-source-exponent", 0...1, \.knn.sourceExponent, "b of the neighbourhoods"),
        .real("ease-regularization", 0.01...1_000_000, \.ease.regularization, isLogarithmic: true, "λ of EASE")
            .searched(from: 1, to: 10_000),
        .real("ease-user-exponent", 0...1, \.ease.userExponent, "of a user's number of items, in EASE"),
        .limit("ease-items-max", 1...65_536, \.ease.itemsMax, "larger catalogues: no EASE"),
        .real("held-out", 0.01...0.9, \.heldOutShare, "of a user's history, what the weights are fitted on")
            .searched(from: 0.05, to: 0.5),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        guard let weights = weights(histories, progress: { progress(0.5 * $0) }, isCancelled: isCancelled)
        else { return nil }
        return fitMembers(
            histories, weights: weights, from: earlier, progress: { progress(0.5 + 0.5 * $0) },
            isCancelled: isCancelled)
    }

    /// The members' weights, by the histories without each user's newest. A function of its own, so that the trial's members
    /// are gone before the next are fitted: EASE's matrix is the largest that there is.
    /// - Returns: nil if cancelled.
    func weights(
        _ histories: TrainingHistories, progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) -> [Float]? {
        let isHeldOut = heldOut(histories)
        let rest = histories.keeping { !isHeldOut[$0] }
        let all = [Float](repeating: 1, count: Self.members)
        // From nothing: an earlier model has seen what is held out.
        guard
            let trial = fitMembers(
                rest, weights: all, from: nil, progress: { progress(0.9 * $0) }, isCancelled: isCancelled)
        else { return nil }
        var stack = StackFit(trial)
        let step = max(1, (histories.userCount + usersMax - 1) / usersMax)
        for user in stride(from: 0, to: histories.userCount, by: step) {
            if isCancelled() { return nil }
            let range = histories.starts[user]..<histories.starts[user + 1]
            stack.add(rest.history(of: user), wanted: range.filter { isHeldOut[$0] }.map { histories.rows[$0] })
        }
        guard let weights = stack.best(isCancelled: isCancelled) else { return nil }
        progress(1)
        return weights
    }

    /// ALS, neighbourhoods, EASE.
    static let members = 3
}

extension TrainingHistories {
    /// Some of the interactions, with the same users and rows; users may be left with none.
    func keeping(_ isKept: (Int) -> Bool) -> TrainingHistories {
        var starts = [0]
        var kept: [Int] = []
        for user in 0..<userCount {
            kept += (self.starts[user]..<self.starts[user + 1]).filter(isKept)
            starts.append(kept.count)
        }
        return TrainingHistories(
            items: items, starts: starts, rows: kept.map { rows[$0] }, ratings: kept.map { ratings[$0] },
            source: nil, times: kept.map { times[$0] }, categories: categories, brands: brands,
            prices: prices, priceBands: priceBands,
            latestTime: kept.map { times[$0] }.max() ?? 0)
    }
}
