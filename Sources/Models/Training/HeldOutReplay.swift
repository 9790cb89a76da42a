internal import Events

/// Plays the latest stretch of histories again, as it happened: an item table is built from what came before, then each
/// new pair is recommended for, and learnt. So the learners meet every case without having seen it, and a user's items
/// stand in the order in which they were last touched by then, as they do when lists are served.
struct HeldOutReplay {
    /// What the learners said about one user's candidates just before the user took one of them.
    struct Case {
        var candidates: [CandidateParts]
        /// The place of the taken item among the candidates.
        var taken: Int
        /// The user's items by then.
        var items: Int
    }

    /// One event to play, in 16 bytes: there are some for each interaction.
    private struct Touch {
        var time: Int64
        var number: Int32
        var type: EventType
        /// The first event of its pair.
        var isNew: Bool

        /// The place of its interaction in the histories.
        var place: Int { Int(number) }

        init(place: Int, time: Int64, type: EventType, isNew: Bool) {
            (self.time, number, self.type, self.isNew) = (time, Int32(place), type, isNew)
        }
    }

    let histories: TrainingHistories
    let settings: TrainingSettings
    /// The user of each interaction.
    let users: [Int32]
    /// All events in the order of their times.
    private let touches: [Touch]

    init(_ histories: TrainingHistories, settings: TrainingSettings) {
        self.histories = histories
        self.settings = settings
        var users = [Int32](repeating: 0, count: histories.count)
        for user in 0..<histories.userCount {
            for place in histories.starts[user]..<histories.starts[user + 1] { users[place] = Int32(user) }
        }
        self.users = users
        let pairs = histories.source?.pairs ?? []
        var touches = histories.times.enumerated().map { place, time in
            Touch(place: place, time: time, type: pairs.isEmpty ? .view : pairs[place].firstType(at: time), isNew: true)
        }
        for (place, pair) in pairs.enumerated() {
            touches += pair.later(than: histories.times[place]).map {
                Touch(place: place, time: $0.time, type: $0.type, isNew: false)
            }
        }
        touches.sort { a, b in
            if a.time != b.time { return a.time < b.time }
            if a.isNew != b.isNew { return a.isNew }
            // Of equal times a user's older one, which stands further behind, goes first.
            if users[a.place] != users[b.place] { return users[a.place] < users[b.place] }
            return a.place != b.place ? a.place > b.place : a.type.rawValue < b.type.rawValue
        }
        self.touches = touches
    }

    /// What lists may hold where they are judged: N is that of all comparisons, and nothing is left to chance.
    var rules: RankingRules {
        var rules = settings.rules
        rules.listItems = GenerationComparison.length
        rules.exploration = 0
        rules.continueItems = 0
        return rules
    }

    /// The cases later than a time, by a generation that was trained on what came until then.
    func cases(
        after boundary: Int64, generation: Generation, blend: BlendSettings, progress: (Double) -> Void = { _ in },
        isCancelled: () -> Bool
    ) -> [Case] {
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        let table = ItemTable(settings: settings.items, identifiers: identifiers)
        let ranker = Ranker(table: table, rules: rules)
        let serving = ServingGeneration(generation, identifiers: identifiers)
        let asked = Self.allLearners(blend)
        var cases: [Case] = []
        play(table, after: boundary, progress: progress, isCancelled: isCancelled) { place, query in
            ranker.begin(generation: serving, overriding: asked)
            let candidates = ranker.parts(query)
            if let taken = candidates.firstIndex(where: { $0.item == IdentifierTable.Number(histories.rows[place]) }) {
                cases.append(Case(candidates: candidates, taken: taken, items: query.recents.count))
            }
        }
        return cases
    }

    /// Lets the table learn all events in their order, and asks before each first one of a pair later than a time, or before
    /// evenly spread ones where there are more than `casesMax`: each whose user and whose item are known by then.
    ///
    /// Of more than `replayedMax` events the latest are learnt, and the first half of these only fills the table: what is
    /// asked of a nearly empty one says little of how lists are served.
    ///
    /// - Parameters:
    ///   - table: an empty one, whose identifiers have the numbers of the rows.
    ///   - ask: gets the place of the interaction, and the user's query just before it. A cancelled play asks no further.
    func play(
        _ table: ItemTable, after boundary: Int64, progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool,
        ask: (Int, UserQuery) -> Void
    ) {
        let skipped = max(0, touches.count - settings.replayedMax)
        let begin = skipped == 0 ? 0 : skipped + settings.replayedMax / 2
        let asked = touches[begin...].count { $0.isNew && $0.time > boundary }
        let step = max(1, (asked + settings.casesMax - 1) / settings.casesMax)
        var next = 0
        var recents = ReplayedRecents(histories)
        for (index, touch) in touches.enumerated() {
            if index % 64 == 0, isCancelled() { return }
            if index % 4096 == 0 { progress(Double(index) / Double(touches.count)) }
            let user = Int(users[touch.place])
            let item = IdentifierTable.Number(histories.rows[touch.place])
            if touch.isNew, index >= begin, touch.time > boundary {
                if next % step == 0, table.isRecommendable(item) {
                    recents.withQuery(of: user) { if !$0.recents.isEmpty { ask(touch.place, $0) } }
                }
                next += 1
            }
            recents.touch(touch.place, of: user, touch.type, time: touch.time)
            guard index >= skipped else { continue }
            recents.withItems(of: user) { items in
                table.learn(
                    item: item, type: touch.type, isNewPair: touch.isNew, time: touch.time,
                    preceding: .init(rebasing: items.dropFirst()))
            }
            let category = histories.categories[Int(item)]
            guard category >= 0 else { continue }
            table.describe(
                item: item, category: IdentifierTable.Number(category), categoryCode: IdentifierTable.none,
                brand: IdentifierTable.none, price: .nan, time: touch.time)
        }
    }

    /// The same blend with a weight for every learner and every user, so that each one's candidates are there.
    private static func allLearners(_ blend: BlendSettings) -> BlendSettings {
        var blend = blend
        for weight: WritableKeyPath<BlendSettings, Double> in [
            \.sequential.weight, \.neighbours.weight, \.factors.weight, \.category.weight,
        ] { blend[keyPath: weight] = 1 }
        for slope: WritableKeyPath<BlendSettings, Double> in [
            \.sequential.slope, \.neighbours.slope, \.factors.slope, \.category.slope,
        ] { blend[keyPath: slope] = 0 }
        return blend
    }
}
