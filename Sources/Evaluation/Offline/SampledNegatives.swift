public import Events
internal import Models

/// The protocol of He et al. (Neural Collaborative Filtering, WWW 2017): each user's one wanted item is ranked among 99 that
/// the user has touched neither in training nor as wanted, HR@10 and NDCG@10. Sampled figures are far above those over all
/// items, and may order models otherwise (Krichene and Rendle, KDD 2020): never compare the two.
public struct SampledNegatives: Sendable {
    /// Items beside the wanted one; fewer where the user has touched nearly everything.
    public var count = 99
    public var seed: UInt64 = 1

    public init() {}

    /// The negatives of each user, by the stream's numbers; empty for a user who is not asked for. They are drawn from the
    /// items of the training without repetition, from a stream of their own for each user.
    public func draw(_ split: OfflineSplit) -> [[IdentifierTable.Number]] {
        var isItem = [Bool](repeating: false, count: split.train.items.upperBound)
        var touched = [Set<IdentifierTable.Number>](repeating: [], count: split.wanted.count)
        for record in split.train.records {
            isItem[Int(record.item)] = true
            touched[Int(record.user)].insert(record.item)
        }
        let pool = isItem.indices.filter { isItem[$0] }.map { IdentifierTable.Number($0) }
        return split.wanted.enumerated().map { user, wanted in
            guard !wanted.isEmpty else { return [] }
            // What the user has in training is of the pool; a wanted item may be one that nobody has there.
            let open = pool.count - touched[user].count - wanted.count { isItem[Int($0)] }
            return draw(open, from: pool, without: touched[user].union(wanted), user)
        }
    }

    /// - Parameter open: how many of the pool are not excluded.
    private func draw(
        _ open: Int, from pool: [IdentifierTable.Number], without excluded: Set<IdentifierTable.Number>, _ user: Int
    ) -> [IdentifierTable.Number] {
        var random = RandomStream(seed: seed, row: user)
        // Rejection would take long where little is left to draw: the first places of what is left are shuffled (Fisher, Yates).
        guard open > 2 * count else {
            var left = pool.filter { !excluded.contains($0) }
            for place in 0..<min(count, left.count) { left.swapAt(place, place + random.below(left.count - place)) }
            return Array(left.prefix(count))
        }
        var taken = excluded
        var negatives: [IdentifierTable.Number] = []
        while negatives.count < count {
            let item = pool[random.below(pool.count)]
            if taken.insert(item).inserted { negatives.append(item) }
        }
        return negatives
    }
}
