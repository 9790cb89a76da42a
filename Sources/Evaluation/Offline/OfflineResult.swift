internal import Events

/// What an offline evaluation found.
public struct OfflineResult: Sendable {
    public private(set) var metrics: RankingMetrics
    public private(set) var statistics: ListStatistics
    /// Each evaluated user's measures, for comparisons of two models on the same users.
    public private(set) var users: [(user: Int, hits: Int, ndcg: Double)] = []
    private let categories: [IdentifierTable.Number]

    init(length: Int, train: EventStream) {
        metrics = RankingMetrics(length: length)
        var interactions = [Double](repeating: 0, count: train.items.upperBound)
        var categories = [IdentifierTable.Number](repeating: IdentifierTable.none, count: train.items.upperBound)
        for record in train.records {
            interactions[Int(record.item)] += 1
            if record.category != IdentifierTable.none { categories[Int(record.item)] = record.category }
        }
        statistics = ListStatistics(interactions: interactions)
        self.categories = categories
    }

    mutating func add(_ user: Int, _ list: [IdentifierTable.Number], _ split: OfflineSplit) {
        let wanted = split.wanted[user]
        let ranks = list.indices.filter { wanted.contains(list[$0]) }
        metrics.add(hitRanks: ranks, relevant: wanted.count)
        var alone = RankingMetrics(length: metrics.length)
        alone.add(hitRanks: ranks, relevant: wanted.count)
        users.append((user, ranks.count, alone.ndcg))
        statistics.add(list.map { Int($0) }) { item in
            categories[item] == IdentifierTable.none ? nil : Int(categories[item])
        }
    }
}
