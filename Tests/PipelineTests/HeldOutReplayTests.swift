import Events
import Testing

@testable import Models
@testable import Pipeline

/// What weights are fitted on must be what lists are served from.
@Suite struct HeldOutReplayTests {
    /// Events of distinct times, of which a pair has two at most: as many as its rating remembers for certain.
    private func events() -> [SampleEvent] {
        var random = Seeded(7)
        var counts: [String: Int] = [:]
        return (0..<1500).compactMap { index in
            var event = SampleEvent()
            event.time = 1_700_000_000_000 + Int64(index) * 7000 + Int64(random.below(1000))
            event.user = "user-\(random.skewed(20))"
            event.item = "item-\(random.skewed(60))"
            event.type = random.once(in: 4) ? .cart : .view
            counts[event.user + event.item, default: 0] += 1
            return counts[event.user + event.item, default: 0] <= 2 ? event : nil
        }
    }

    private struct Played {
        let shop: SmallShop
        let histories: TrainingHistories
        /// The users of the histories, in their order.
        let names: [String]
        /// A user's items before each new pair, the one touched last first.
        let recents: [String: [String]]

        init(_ events: [SampleEvent]) throws {
            let shop = SmallShop()
            let identifiers = shop.items.table.identifiers
            var recents: [String: [String]] = [:]
            for event in events {
                let user = Array(event.user.utf8).withUnsafeBytes { shop.store.find($0) }
                let before = user.map { shop.store[$0].entries.reversed().map { identifiers.text($0.item) } } ?? []
                if case .learnt(let lesson) = shop.apply(event), lesson.isNewPair {
                    recents[event.user + "/" + event.item] = before
                }
            }
            try shop.closeBlock()
            var builder = TrainingHistories.Builder()
            var names: [String] = []
            for user in shop.users {
                builder.append(shop.store[user], scale: .standard, decay: Decay(halfLifeMilliseconds: 0))
                names.append(shop.store.identifiers.text(user))
            }
            histories = builder.build(identifiers)
            (self.shop, self.names, self.recents) = (shop, names, recents)
        }
    }

    @Test func userItemsStandAsTheFoldHadThem() throws {
        let played = try Played(events())
        let (replay, table) = replay(played.histories, TrainingSettings())
        var asked = 0
        var moved = 0
        replay.play(table, after: 0, isCancelled: { false }) { place, query in
            let items = played.histories.items
            let key = played.names[Int(replay.users[place])] + "/" + items[Int(played.histories.rows[place])]
            #expect(query.recents.map { items[Int($0)] } == played.recents[key])
            // In another order than the first touches had.
            let firsts = played.histories.rows[(place + 1)...].prefix(query.recents.count).map { UInt32($0) }
            moved += Array(query.recents) == firsts ? 0 : 1
            asked += 1
        }
        #expect(asked > 200 && moved > 100)
    }

    @Test func itemsLearnWhatTheFoldTaught() throws {
        let played = try Played(events())
        let (replay, table) = replay(played.histories, TrainingSettings())
        replay.play(table, after: .max, isCancelled: { false }) { _, _ in }
        let folded = played.shop.items.table
        for (row, name) in played.histories.items.enumerated() {
            let item = IdentifierTable.Number(row)
            let known = try #require(Array(name.utf8).withUnsafeBytes { folded.identifiers.find($0) })
            #expect(table.covisitation.total(item) == folded.covisitation.total(known))
            for column in 0..<table.activity.columns {
                let (a, b) = (table.activity.value(item, column: column), folded.activity.value(known, column: column))
                // The replay knows first touches by the second.
                #expect(abs(a / b - 1) < 0.01)
                let pairs = folded.popularity.value(known, column: column)
                #expect(abs(table.popularity.value(item, column: column) / pairs - 1) < 0.01)
            }
            var neighbours: [String: Float] = [:]
            table.covisitation.forEachNeighbour(of: item) { neighbours[played.histories.items[Int($0)]] = $1 }
            folded.covisitation.forEachNeighbour(of: known) {
                #expect(neighbours.removeValue(forKey: folded.identifiers.text($0)) == $1)
            }
            #expect(neighbours.isEmpty)
        }
    }

    @Test func nothingIsAskedOfATableThatIsNearlyEmpty() throws {
        let played = try Played(events())
        var settings = TrainingSettings()
        settings.replayedMax = 300
        let (replay, table) = replay(played.histories, settings)
        var fewest = Double.infinity
        var asked = 0
        replay.play(table, after: 0, isCancelled: { false }) { _, query in
            let learnt = (0..<table.upperBound).reduce(0.0) {
                $0 + table.covisitation.total(IdentifierTable.Number($1))
            }
            fewest = min(fewest, learnt)
            // The user's items are known from before what is played.
            #expect(query.recents.count > 0)
            asked += 1
        }
        #expect(fewest >= 150 && asked > 10)
    }

    @Test func casesAreSpreadEvenly() throws {
        let played = try Played(events())
        var settings = TrainingSettings()
        settings.casesMax = 50
        let (replay, table) = replay(played.histories, settings)
        var times: [Int64] = []
        let boundary = played.histories.time(ofShare: 0.5)
        replay.play(table, after: boundary, isCancelled: { false }) { place, _ in
            times.append(played.histories.times[place])
        }
        #expect(times.count > 30 && times.count <= 50)
        #expect(times.allSatisfy { $0 > boundary } && times == times.sorted())
    }

    @Test func historiesUntilATimeKeepTheTouchesUntilThen() throws {
        let histories = try Played(events()).histories
        let boundary = histories.time(ofShare: 0.5)
        let before = histories.until(boundary)
        #expect(before.laterTouches.count > 20 && before.laterTouches.count < histories.laterTouches.count)
        for touch in before.laterTouches {
            #expect(touch.time <= boundary && touch.time > before.times[touch.place])
        }
    }

    private func replay(_ histories: TrainingHistories, _ settings: TrainingSettings) -> (HeldOutReplay, ItemTable) {
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        return (
            HeldOutReplay(histories, settings: settings), ItemTable(settings: settings.items, identifiers: identifiers)
        )
    }
}
