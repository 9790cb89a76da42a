internal import Events
internal import Models
internal import Pipeline

/// A shop's users and items as the service keeps them, fed from a stream in one thread: the folds, tables and ranker that
/// serve, without a log between them.
final class ReplayedShop {
    let table: ItemTable
    let users = UserStore()
    let settings: ShopSettings
    private let fold: UserFold
    private let ranker: Ranker
    private let workspace = QueryWorkspace()
    private(set) var serving: ServingGeneration?
    /// Events learnt.
    private(set) var learnt = 0

    init(settings: ShopSettings) {
        var settings = settings
        // As a deployment has them: one setting for both sides.
        settings.users.window = settings.items.covisitation.window
        settings.rules.historyItems = settings.users.historyItemsMax
        settings.training.items = settings.items
        settings.training.rules = settings.rules
        self.settings = settings
        table = ItemTable(settings: settings.items)
        fold = UserFold(settings: settings.users)
        ranker = Ranker(table: table, rules: settings.rules)
    }

    /// Learns an event at the next offset.
    func learn(_ event: ShopEvent) {
        let item = table.identifiers.intern(event.item)
        let outcome = fold.apply(event, item: item, offset: Int64(learnt), to: users)
        learnt += 1
        guard case .learnt(let lesson) = outcome else { return }
        table.learn(
            item: item, type: event.type, isNewPair: lesson.isNewPair, time: event.time,
            preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount))
        table.describe(
            item: item, category: word(event.categoryID), categoryCode: word(event.categoryCode),
            brand: word(event.brand), price: event.price, time: event.time)
    }

    private func word(_ bytes: UnsafeRawBufferPointer) -> IdentifierTable.Number {
        bytes.isEmpty ? IdentifierTable.none : table.words.intern(bytes)
    }

    /// Takes up a generation at once.
    func swap(_ generation: Generation?) {
        serving = generation.map { ServingGeneration($0, identifiers: table.identifiers) }
    }

    /// Ranks a user's list as it would be published now.
    func rank(_ user: UserStore.User, _ body: (borrowing [RankedItem]) -> Void) {
        ranker.begin(generation: serving, blend: settings.blend)
        workspace.removeAll()
        workspace.add(users[user], seed: 0, scale: settings.scale, decay: settings.decay)
        workspace.withQueries { queries in
            ranker.rank(queries) { _, list, _ in body(list) }
        }
    }

    /// The histories of all users for a trainer.
    func histories() -> TrainingHistories {
        var builder = TrainingHistories.Builder(scale: settings.scale, decay: settings.trainingDecay)
        for number in 0..<users.identifiers.upperBound {
            builder.append(users[UserStore.User(number)])
        }
        return builder.build(
            table.identifiers, category: { table.category($0) }, brand: { table.attributes($0).brand },
            price: { table.attributes($0).price })
    }
}
