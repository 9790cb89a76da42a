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
        /// A user's items before each new pair, the one touched last first, and their ratings.
        let recents: [String: [String]]
        let ratings: [String: [Float]]
        static let decay = Decay(halfLifeMilliseconds: 3_600_000)

        init(_ events: [SampleEvent]) throws {
            let shop = SmallShop()
            let identifiers = shop.items.table.identifiers
            var recents: [String: [String]] = [:]
            var ratings: [String: [Float]] = [:]
            for event in events {
                let user = Array(event.user.utf8).withUnsafeBytes { shop.store.find($0) }
                let before = user.map { shop.store[$0].entries.reversed().map { identifiers.text($0.item) } } ?? []
                let rated = user.map { user in
                    let state = shop.store[user]
                    return state.entries.reversed().map {
                        Float($0.rating.rating(at: state.latestTime, scale: .standard, decay: Self.decay))
                    }
                }
                if case .learnt(let lesson) = shop.apply(event), lesson.isNewPair {
                    recents[event.user + "/" + event.item] = before
                    ratings[event.user + "/" + event.item] = rated ?? []
                }
            }
            try shop.closeBlock()
            var builder = TrainingHistories.Builder(decay: Self.decay)
            var names: [String] = []
            for user in shop.users {
                builder.append(shop.store[user])
                names.append(shop.store.identifiers.text(user))
            }
            histories = builder.build(identifiers)
            (self.shop, self.names, self.recents, self.ratings) = (shop, names, recents, ratings)
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
            // The replay knows first touches by the second.
            let ratings = played.ratings[key] ?? []
            #expect(ratings.count == query.ratings.count)
            #expect(zip(ratings, query.ratings).allSatisfy { abs($0 - $1) <= 1e-3 * $0 })
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

    @Test func historiesUntilATimeKnowNothingLater() throws {
        let histories = try Played(events()).histories
        let boundary = histories.time(ofShare: 0.5)
        let before = histories.until(boundary)
        func touches(_ histories: TrainingHistories) -> Int {
            let (replay, table) = replay(histories, TrainingSettings())
            replay.play(table, after: .max, isCancelled: { false }) { _, _ in }
            let learnt = (0..<table.upperBound).map { table.covisitation.total(IdentifierTable.Number($0)) }
            return Int(learnt.reduce(0, +)) - histories.count
        }
        #expect(touches(before) > 20 && touches(before) < touches(histories))
        #expect(before.latestTime <= boundary && before.times.allSatisfy { $0 <= boundary })
    }

    /// Viewed on day 1, bought on day 12: a view until day 10, and a faded one beside what was viewed on day 5.
    @Test func ratingsAreThoseOfTheTime() {
        let day: Int64 = 86_400_000
        let identifiers = IdentifierTable()
        let (a, b, c) = (identifiers.intern("a"), identifiers.intern("b"), identifiers.intern("c"))
        var builder = TrainingHistories.Builder(decay: Decay(halfLifeMilliseconds: 4 * day))
        var (bought, viewed, late) = (PairRating(), PairRating(), PairRating())
        bought.apply(type: .view, time: day)
        bought.apply(type: .purchase, time: 12 * day)
        viewed.apply(type: .view, time: 5 * day)
        late.apply(type: .view, time: 13 * day)
        builder.append(a, events: bought, time: day)
        builder.append(b, events: viewed, time: 5 * day)
        builder.append(c, events: late, time: 13 * day)
        builder.endUser()
        // Others make b and c known.
        for (item, time) in [(b, day / 4), (c, day / 2)] {
            var pair = PairRating()
            pair.apply(type: .view, time: time)
            builder.append(item, events: pair, time: time)
            builder.endUser()
        }
        let histories = builder.build(identifiers)
        func ratings(_ histories: TrainingHistories) -> [Float] {
            let own = histories.rows[..<histories.starts[1]]
            return (0..<3).map { row in own.firstIndex(of: row).map { histories.ratings[$0] } ?? 0 }
        }
        #expect(zip(ratings(histories), [3.3636, 0.25, 1]).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(ratings(histories.until(10 * day)) == [0.5, 1, 0])
        #expect(ratings(histories.until(4 * day)) == [1, 0, 0])
        let (replay, table) = replay(histories, TrainingSettings())
        var asked: [[Float]] = []
        replay.play(table, after: 0, isCancelled: { false }) { _, query in asked.append(Array(query.ratings)) }
        // Before b with a; before c with a, bought since, and b.
        #expect(asked.count == 2 && asked[0] == [1])
        #expect(asked[1].count == 2 && asked[1][0] == 4 && abs(asked[1][1] - 0.2973) < 1e-3)
    }

    /// Where seen items may come back, the taken one stood among them.
    @Test func casesAreRankedByTheRulesThatServe() throws {
        let histories = try Played(events()).histories
        var settings = TrainingSettings()
        settings.isFitted = false
        let generation = try #require(GenerationTrainer(settings: settings).train(histories))
        func candidates(_ settings: TrainingSettings) -> Int {
            HeldOutReplay(histories, settings: settings).cases(
                after: histories.time(ofShare: 0.8), generation: generation, blend: BlendSettings(),
                isCancelled: { false }
            ).reduce(0) { $0 + $1.candidates.count }
        }
        let without = candidates(settings)
        settings.rules.excludesSeen = false
        #expect(candidates(settings) > without)
    }

    private func replay(_ histories: TrainingHistories, _ settings: TrainingSettings) -> (HeldOutReplay, ItemTable) {
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        return (
            HeldOutReplay(histories, settings: settings), ItemTable(settings: settings.items, identifiers: identifiers)
        )
    }
}
