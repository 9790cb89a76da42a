internal import Events
public import Models
internal import Pipeline

/// Trains once, ranks all items for each user, and compares with what was left out.
public struct OfflineEvaluation {
    /// What is evaluated.
    public enum Model: Sendable {
        /// One algorithm alone, on the whole histories.
        case recommender(any Recommender)
        /// The served list with all learners at their weights; one learner alone where the others' are 0.
        case blend
    }

    public var model = Model.blend
    public var shop = ShopSettings()
    /// N
    public var length = 20

    public init() {}

    /// - Parameter progress: told the share of the training that is done.
    /// - Throws: what the algorithm says where it refuses such data.
    public func run(
        _ split: OfflineSplit, progress: (Double) -> Void = { _ in }
    ) throws(SettingFailure) -> OfflineResult {
        var result = OfflineResult(length: length, train: split.train)
        switch model {
        case .recommender(let recommender):
            try RecommenderLists(length: length).rank(recommender, split, progress) { result.add($0, $1, split) }
        case .blend: rankBlend(split, progress) { result.add($0, $1, split) }
        }
        return result
    }

    private func rankBlend(
        _ split: OfflineSplit, _ progress: (Double) -> Void,
        emit: (_ user: Int, _ list: [IdentifierTable.Number]) -> Void
    ) {
        var settings = shop
        settings.rules.listItems = length
        let shop = ReplayedShop(settings: settings)
        for index in 0..<split.train.count { shop.learn(split.train.event(index)) }
        shop.swap(
            GenerationTrainer(settings: settings.training).train(
                shop.histories(), blend: settings.blend, progress: progress))
        for (user, wanted) in split.wanted.enumerated() where !wanted.isEmpty {
            let number = shop.users.find(split.train.users.bytes(IdentifierTable.Number(user)))
            guard let number else { continue }
            shop.rank(number) { list in
                var items: [IdentifierTable.Number] = []
                for place in list.indices {
                    let id = shop.table.identifiers.bytes(list[place].item)
                    if let item = split.train.items.find(id) { items.append(item) }
                }
                emit(user, items)
            }
        }
    }
}
