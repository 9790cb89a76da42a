internal import Linear

extension ImplicitALS: Recommender {
    public static let name = "als"
    public static let summary = "implicit ALS (Hu, Koren, Volinsky 2008; settings of Rendle et al. 2021)"

    public static let parameters: [Parameter<ImplicitALS>] = [
        .integer("factors", 1...1024, \.factors, isLogarithmic: true, "length of the vectors")
            .searched(from: 8, to: 256),
        .real("alpha", 0.001...1000, \.alpha, isLogarithmic: true, "α, times each rating: its confidence"),
        .real("alpha0", 0.0001...10, \.unobservedWeight, isLogarithmic: true, "α₀, the weight of what was not touched")
            .searched(from: 0.001, to: 2),
        .real("regularization", 0.00001...10, \.regularization, isLogarithmic: true, "λ")
            .searched(from: 0.0001, to: 1),
        .real("exponent", 0...1, \.frequencyExponent, "ν: 1 scales λ by a row's frequency, 0 not at all"),
        .integer("sweeps", 1...200, \.sweeps, "each solves all users, then all items")
            .searched(from: 4, to: 30),
        .choice(
            "solver",
            [("cg", .conjugateGradient(steps: 3)), ("exact", .cholesky), ("blocks", .blocks(size: 64))], \.solver,
            "conjugate gradients of three steps, Cholesky, or iALS++ with blocks of 64"),
    ]

    public func fit(
        _ histories: TrainingHistories, from earlier: EarlierModel<FactorModel>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> FactorModel? {
        let start = earlier.flatMap { earlier in
            earlier.model.items.columns == factors
                ? Factors(users: nil, items: earlier.model.items.taking(earlier.rows)) : nil
        }
        let interactions = histories.interactions
        guard let items = train(interactions, from: start, progress: progress, isCancelled: isCancelled)?.items else {
            return nil
        }
        return FactorModel(items: items, projection: projection)
    }
}

extension Matrix {
    /// All rows but the first few.
    func dropping(_ count: Int) -> Matrix { taking((count..<max(count, rows)).map { Int32($0) }) }

    /// Some rows in a new order, zeros where −1.
    func taking(_ rows: [Int32]) -> Matrix {
        var result = Matrix(rows: rows.count, columns: columns)
        let stride = stride
        result.withUnsafeMutableBase { base in
            for (row, before) in rows.enumerated() where before >= 0 {
                (base + row * stride).update(from: self.row(Int(before)), count: stride)
            }
        }
        return result
    }
}

extension TrainingHistories {
    /// users × items, each pair with its rating; pairs with no rating are left out.
    var interactions: Interactions {
        var pairs: [(row: Int32, column: Int32, weight: Float)] = []
        pairs.reserveCapacity(count)
        for user in 0..<userCount {
            for place in starts[user]..<starts[user + 1] where ratings[place] > 0 {
                pairs.append((Int32(user), rows[place], ratings[place]))
            }
        }
        return Interactions(rows: userCount, columns: items.count, pairs: pairs, merge: .max)
    }
}
