internal import Events

/// Plays the latest stretch of histories again, as it happened: an item table is built from what came before, then each
/// new pair is recommended for, and learnt. So the learners meet every case without having seen it.
struct HeldOutReplay {
    /// What the learners said about one user's candidates just before the user took one of them.
    struct Case {
        var candidates: [CandidateParts]
        /// The place of the taken item among the candidates.
        var taken: Int
        /// The user's items by then.
        var items: Int
    }

    let histories: TrainingHistories
    let settings: TrainingSettings
    /// Interactions in the order of their times, and the user of each one in the histories.
    let order: [Int]
    let users: [Int32]

    init(_ histories: TrainingHistories, settings: TrainingSettings) {
        self.histories = histories
        self.settings = settings
        var users = [Int32](repeating: 0, count: histories.count)
        for user in 0..<histories.userCount {
            for place in histories.starts[user]..<histories.starts[user + 1] { users[place] = Int32(user) }
        }
        // Of equal times a user's older one, which stands further behind, goes first.
        let order = histories.rows.indices.sorted { a, b in
            if histories.times[a] != histories.times[b] { return histories.times[a] < histories.times[b] }
            return users[a] != users[b] ? users[a] < users[b] : a > b
        }
        self.order = order.suffix(settings.replayedMax)
        self.users = users
    }

    /// The cases later than a time, by a generation that was trained on what came until then.
    func cases(
        after boundary: Int64, generation: Generation, blend: BlendSettings, isCancelled: () -> Bool
    ) -> [Case] {
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        let table = ItemTable(settings: settings.items, identifiers: identifiers)
        let ranker = Ranker(table: table)
        let serving = ServingGeneration(generation, identifiers: identifiers)
        let asked = Self.allLearners(blend)
        var cases: [Case] = []
        play(table, after: boundary, isCancelled: isCancelled) { place, query in
            ranker.begin(generation: serving, overriding: asked)
            let candidates = ranker.parts(query)
            if let taken = candidates.firstIndex(where: { $0.item == IdentifierTable.Number(histories.rows[place]) }) {
                cases.append(Case(candidates: candidates, taken: taken, items: query.recents.count))
            }
        }
        return cases
    }

    /// Lets the table learn all interactions in their order, and asks before each of those later than a time, or before
    /// evenly spread ones where there are more than `casesMax`: each whose user and whose item are known by then.
    ///
    /// - Parameters:
    ///   - table: an empty one, whose identifiers have the numbers of the rows.
    ///   - ask: gets the place of the interaction, and the user's query just before it. A cancelled play asks no further.
    func play(
        _ table: ItemTable, after boundary: Int64, isCancelled: () -> Bool, ask: (Int, UserQuery) -> Void
    ) {
        let first = order.firstIndex { histories.times[$0] > boundary } ?? order.count
        let step = max(1, (order.count - first + settings.casesMax - 1) / settings.casesMax)
        let rows = histories.rows.map { IdentifierTable.Number($0) }
        let states = [UserQuery.ItemState](repeating: .viewed, count: rows.count)
        for (index, place) in order.enumerated() {
            if index % 64 == 0, isCancelled() { return }
            let before = (place + 1)..<histories.starts[Int(users[place]) + 1]
            if index >= first, (index - first) % step == 0, !before.isEmpty, table.isRecommendable(rows[place]) {
                rows.withUnsafeBufferPointer { rows in
                    histories.ratings.withUnsafeBufferPointer { ratings in
                        states.withUnsafeBufferPointer { states in
                            ask(
                                place,
                                UserQuery(
                                    recents: .init(rebasing: rows[before]), ratings: .init(rebasing: ratings[before]),
                                    states: .init(rebasing: states[before]), seed: 0))
                        }
                    }
                }
            }
            learn(place, before, rows, table)
        }
    }

    private func learn(_ place: Int, _ before: Range<Int>, _ rows: [IdentifierTable.Number], _ table: ItemTable) {
        let time = histories.times[place]
        rows.withUnsafeBufferPointer { rows in
            table.learn(
                item: rows[place], type: .view, isNewPair: true, time: time, preceding: .init(rebasing: rows[before]))
        }
        let category = histories.categories[Int(histories.rows[place])]
        guard category >= 0 else { return }
        table.describe(
            item: rows[place], category: IdentifierTable.Number(category), categoryCode: IdentifierTable.none,
            brand: IdentifierTable.none, price: .nan, time: time)
    }

    /// The same blend with a weight for every learner and every user, so that each one's candidates are there.
    private static func allLearners(_ blend: BlendSettings) -> BlendSettings {
        var blend = blend
        (blend.sequential.weight, blend.sequential.slope) = (1, 0)
        (blend.neighbours.weight, blend.neighbours.slope) = (1, 0)
        (blend.factors.weight, blend.factors.slope) = (1, 0)
        (blend.category.weight, blend.category.slope) = (1, 0)
        return blend
    }
}
