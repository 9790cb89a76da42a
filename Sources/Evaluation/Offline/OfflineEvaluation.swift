internal import Events
public import Models
internal import Pipeline

/// Trains once a fold, ranks all items for each user, and compares with what was left out.
public struct OfflineEvaluation {
    /// What is evaluated.
    public enum Model: Sendable {
        /// One algorithm alone, on the whole histories.
        case recommender(any Recommender)
        /// The served list with all learners at their weights; one learner alone where the others' are 0.
        case blend
    }

    /// What the wanted items compete with.
    public enum Ranking: Sendable {
        /// All that the user has not touched.
        case allItems
        /// One wanted item of a user with some that are drawn. The served list is made as long as the catalogue for this; what
        /// none of its learners knows for a user stands last.
        case sampled(SampledNegatives)
    }

    public var model = Model.blend
    /// What the served list depends on; an algorithm's histories are rated by its scale and its training decay.
    public var shop = ShopSettings()
    /// Whether the served list has a generation; not for an algorithm.
    public var trains = true
    public var ranking = Ranking.allItems
    /// Whether the AUC is measured, for which every item is scored for every user; not for the served list.
    public var measuresAUC = false
    /// N
    public var length = 20

    public init() {}

    /// Why the algorithm does not take such data, if so: to be asked before `run`.
    public func refusal(_ folds: some Collection<OfflineSplit>) -> String? {
        guard case .recommender(let recommender) = model else { return nil }
        return folds.lazy.compactMap { recommender.refusal(items: $0.train.touchedItemCount) }.first
    }

    /// - Parameter progress: told the share of the training and ranking that is done.
    public func run(_ split: OfflineSplit, progress: (Double) -> Void = { _ in }) -> OfflineResult {
        run(CollectionOfOne(split), progress: progress)
    }

    /// All folds in their order.
    public func run(
        _ folds: some Collection<OfflineSplit>, progress: (Double) -> Void = { _ in }
    ) -> OfflineResult {
        guard let result = run(folds, progress: progress, isCancelled: { false }) else {
            preconditionFailure("nobody cancelled")
        }
        return result
    }

    /// - Parameters:
    ///   - isCancelled: asked often, from every thread.
    ///   - goesOn: asked between two folds, with how many are done and their result; what it ends is returned as it is.
    /// - Returns: nil if cancelled. The served list is not cancelled within a training.
    public func run(
        _ folds: some Collection<OfflineSplit>, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool, goesOn: (Int, OfflineResult) -> Bool = { _, _ in true }
    ) -> OfflineResult? {
        var result = OfflineResult(length: length)
        if case .recommender(let recommender) = model { result.takeRatings(of: recommender) }
        for (fold, split) in folds.enumerated() {
            if isCancelled() { return nil }
            if fold > 0, !goesOn(fold, result) { return result }
            var statistics = ListStatistics(split.train)
            let categories = split.train.categories()
            let take = { (found: RecommenderLists.Found) in
                result.add(found, split, fold: fold)
                statistics.add(found.list.map { Int($0) }) { item in
                    categories[item] == IdentifierTable.none ? nil : Int(categories[item])
                }
            }
            let share = { progress((Double(fold) + $0) / Double(folds.count)) }
            switch model {
            case .recommender(let recommender):
                let lists = RecommenderLists(length: length, ranking: ranking, measuresAUC: measuresAUC)
                switch lists.rank(recommender, split, shop, share, isCancelled: isCancelled, emit: take) {
                case .ranked: break
                case .cancelled: return nil
                case .refused(let reason):
                    result.refusal = reason
                    return result
                }
            case .blend:
                rankBlend(split, share, emit: take)
            }
            if case .allItems = ranking { result.add(statistics) }
        }
        return result
    }

    private func rankBlend(
        _ split: OfflineSplit, _ progress: (Double) -> Void, emit: (RecommenderLists.Found) -> Void
    ) {
        var settings = shop
        var negatives: [[IdentifierTable.Number]]?
        if case .sampled(let sampled) = ranking { negatives = sampled.draw(split) }
        settings.rules.listItems = negatives == nil ? length : max(1, split.train.items.upperBound)
        let shop = ReplayedShop(settings: settings)
        var activity = [Int](repeating: 0, count: split.wanted.count)
        var touched = Set<UInt64>()
        for index in 0..<split.train.count {
            shop.learn(split.train.event(index))
            let record = split.train.records[index]
            if touched.insert(record.pair).inserted { activity[Int(record.user)] += 1 }
        }
        if trains {
            shop.swap(
                GenerationTrainer(settings: shop.settings.training).train(
                    shop.histories(), blend: settings.blend, progress: progress))
        }
        for (user, wanted) in split.wanted.enumerated() where !wanted.isEmpty {
            let number = shop.users.find(split.train.users.bytes(IdentifierTable.Number(user)))
            guard let number else { continue }
            shop.rank(number) { list in
                var items: [IdentifierTable.Number] = []
                for place in list.indices {
                    let id = shop.table.identifiers.bytes(list[place].item)
                    if let item = split.train.items.find(id) { items.append(item) }
                }
                if let negatives, let target = wanted.first {
                    let rank = Self.rank(of: target, among: negatives[user], in: items)
                    emit(RecommenderLists.Found(user: user, activity: activity[user], ranks: [rank]))
                    return
                }
                var found = RecommenderLists.Found(
                    user: user, activity: activity[user], ranks: items.indices.filter { wanted.contains(items[$0]) })
                found.list = items
                emit(found)
            }
        }
    }

    /// The place of an item among some others in a list of more; last where the list does not have it.
    private static func rank(
        of target: IdentifierTable.Number, among others: [IdentifierTable.Number], in list: [IdentifierTable.Number]
    ) -> Int {
        guard let place = list.firstIndex(of: target) else { return others.count }
        let others = Set(others)
        return list[..<place].count { others.contains($0) }
    }
}
