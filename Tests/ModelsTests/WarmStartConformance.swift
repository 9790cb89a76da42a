import Testing

@testable import Models

/// Algorithms that start from an earlier model get further by it.
@Suite struct WarmStartConformance {
    /// Those that count or solve in closed form have nothing to start from.
    static let names = RecommenderConformance.names.filter { !RecommenderConformance.withoutChance.contains($0) }

    /// One pass from the model of a whole training is nearer to it than one from nothing.
    @Test(arguments: names) func onePassGoesFurtherFromAnEarlierModel(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let histories = RecommenderConformance.histories
            let whole = try #require(R().fit(histories))
            var short = R()
            for (name, value) in [("epochs", "1"), ("sweeps", "1"), ("als-sweeps", "1"), ("pretraining-epochs", "0")]
            where R.parameters.contains(where: { $0.name == name }) { try short.set(name, to: value) }
            let earlier = EarlierModel(whole, rows: (0..<Int32(whole.itemCount)).map { $0 })
            let begun = short.fit(histories, from: earlier, progress: { _ in }, isCancelled: { false })
            let (warm, cold) = (try #require(begun), try #require(short.fit(histories)))
            let (warmly, coldly) = (likeness(warm, whole), likeness(cold, whole))
            #expect(warmly > coldly, "\(name): \(warmly), from nothing \(coldly)")
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// The mean correlation of users' scores.
    private func likeness(_ one: some RecommenderModel, _ other: some RecommenderModel) -> Double {
        let items = (0..<Int32(one.itemCount)).map { $0 }
        let users = 0..<RecommenderConformance.histories.userCount
        return users.reduce(0.0) { sum, user in
            let history = RecommenderConformance.histories.history(of: user)
            return sum + correlation(one.scores(history, of: items), other.scores(history, of: items))
        } / Double(users.count)
    }

    private func correlation(_ one: [Float], _ other: [Float]) -> Double {
        let count = Double(one.count)
        let (a, b) = (one.reduce(0.0) { $0 + Double($1) } / count, other.reduce(0.0) { $0 + Double($1) } / count)
        var (product, first, second) = (0.0, 0.0, 0.0)
        for (x, y) in zip(one, other) {
            product += (Double(x) - a) * (Double(y) - b)
            first += (Double(x) - a) * (Double(x) - a)
            second += (Double(y) - b) * (Double(y) - b)
        }
        return first > 0 && second > 0 ? product / (first * second).squareRoot() : 0
    }
}
