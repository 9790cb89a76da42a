import Events
import Models
import Testing

@testable import Pipeline

struct UserFoldTests {
    private func settings(_ bound: Int) -> UserFold.Settings {
        var settings = UserFold.Settings()
        settings.historyItemsMax = bound
        settings.window = 6
        return settings
    }

    /// Late events, repeated ids, deletions, and histories that overflow, against the naive fold.
    @Test(arguments: [(seed: UInt64(1), bound: 200), (2, 12), (3, 1), (4, 3)])
    func agreesWithAFoldThatKeepsAllEvents(seed: UInt64, bound: Int) throws {
        let settings = settings(bound)
        let shop = SmallShop(user: settings)
        var stream = SampleStream(seed: seed)
        stream.users = 12
        var naive: [String: NaiveUser] = [:]
        var duplicates = 0
        var deletions = 0
        for sample in stream.take(2000) {
            if sample.type == .userDeleted {
                let isKnown = naive.removeValue(forKey: sample.user) != nil
                guard case .erased(let user) = shop.apply(sample), (user != nil) == isKnown else {
                    Issue.record("a deletion is not \(isKnown)")
                    continue
                }
                deletions += 1
                continue
            }
            let expected = naive[sample.user, default: NaiveUser(settings: settings)].apply(sample, offset: shop.offset)
            switch shop.apply(sample) {
            case .learnt(let lesson):
                let preceding = (0..<lesson.precedingCount).map {
                    shop.items.table.identifiers.text(shop.fold.preceding[$0])
                }
                #expect(NaiveUser.Lesson(isNewPair: lesson.isNewPair, preceding: preceding) == expected)
            case .duplicate:
                duplicates += 1
                #expect(expected == nil)
            case .erased: Issue.record("erased by \(sample)")
            }
        }
        #expect(duplicates > 10 && deletions > 5)
        #expect(shop.store.count == naive.count)
        for (id, user) in naive { try expect(shop, id, user) }
    }

    private func expect(_ shop: SmallShop, _ id: String, _ naive: NaiveUser) throws {
        let number = try #require(Array(id.utf8).withUnsafeBytes { shop.store.find($0) })
        let state = shop.store[number]
        #expect(state.entries.map { shop.items.table.identifiers.text($0.item) } == naive.history.map(\.item))
        for (entry, expected) in zip(state.entries, naive.history) {
            var rating = PairRating()
            for touch in expected.events { rating.apply(type: touch.type, time: touch.time) }
            #expect(entry.rating == rating)
        }
        #expect(state.counts == naive.counts)
        #expect(state.offset == naive.events.last?.offset)
        #expect(state.firstTime == naive.firstTime)
        #expect(state.latestTime == naive.latestTime)
        #expect(state.priceSum == naive.priceSum)
        let sessions = naive.sessions
        #expect(Int(state.sessions) == sessions.count)
        #expect(Int(state.sessionEvents) == sessions.last?.count)
        #expect(state.sessionStart == NaiveUser.begin(sessions.last))
        let buckets = naive.buckets
        #expect(state.activity.map(\.index) == state.activity.map(\.index).sorted())
        if buckets.count <= UserFold.bucketsMax {
            #expect(state.activity.count == buckets.count)
            for bucket in state.activity {
                #expect(SIMD4<UInt32>(truncatingIfNeeded: bucket.counts) == buckets[bucket.index])
            }
        }
    }

    @Test func repeatedOffsetsChangeNothing() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 6)
        stream.withDeletes = false
        let samples = stream.take(400)
        for sample in samples { shop.apply(sample) }
        let before = shop.store.hash(items: shop.items.table.identifiers)
        shop.offset = 0
        for sample in samples {
            guard case .duplicate = shop.apply(sample) else {
                Issue.record("learnt twice")
                return
            }
        }
        #expect(shop.store.hash(items: shop.items.table.identifiers) == before)
    }

    @Test func manyBucketsMergeIntoTheOldest() {
        let shop = SmallShop()
        for minute in 0..<500 {
            shop.apply(SampleEvent(time: Int64(minute) * 300_000, user: "u", item: "i\(minute % 50)"))
        }
        let state = shop.store[shop.users[0]]
        #expect(state.activity.map(\.index) == Array(436..<500))
        #expect(state.activity.map(\.counts[0]) == [255] + Array(repeating: 1, count: 63))
        // A late event in the middle finds its bucket; one before all of them is counted in the totals only.
        shop.apply(SampleEvent(type: .cart, time: 450 * 300_000 + 7, user: "u", item: "x"))
        shop.apply(SampleEvent(type: .cart, time: 7, user: "u", item: "y"))
        let after = shop.store[shop.users[0]]
        #expect(after.activity.map(\.counts[2]).reduce(0, +) == 1)
        #expect(after.activity[14].counts == SIMD4(1, 0, 1, 0))
        #expect(after.counts == SIMD4(500, 0, 2, 0))
    }

    /// What is older than a week counts in no window any more: merged into a later bucket it would.
    @Test func bucketsOutsideEveryWindowGoFirst() {
        let shop = SmallShop()
        let day: Int64 = 86_400_000
        for _ in 0..<100 { shop.apply(SampleEvent(time: 30 * day, user: "u", item: "old")) }
        for slot in 0..<63 { shop.apply(SampleEvent(time: 54 * day + Int64(slot) * 300_000, user: "u", item: "i")) }
        shop.apply(SampleEvent(time: 60 * day, user: "u", item: "new"))
        let state = shop.store[shop.users[0]]
        #expect(state.activity.count == 64)
        #expect(state.activity.allSatisfy { $0.counts[0] == 1 })
    }

    /// A late event of an earlier session neither ends the present one nor counts in it.
    @Test func aLateEventBeginsNoSession() {
        let shop = SmallShop()
        for (time, session) in [(10, "b"), (9, "a"), (11, "b"), (12, "c")] as [(Int64, String)] {
            shop.apply(SampleEvent(time: time * 3_600_000, user: "u", item: "i", session: session))
            if time == 11 {
                let state = shop.store[shop.users[0]]
                #expect(state.sessions == 1 && state.sessionEvents == 2 && state.sessionStart == 10 * 3_600_000)
            }
        }
        let state = shop.store[shop.users[0]]
        #expect(state.sessions == 2 && state.sessionEvents == 1 && state.sessionStart == 12 * 3_600_000)
    }

    /// The same events in blocks of other sizes give the same users, the same lessons and the same items.
    @Test func batchesDoNotMatter() throws {
        var hashes: Set<StateHash> = []
        var tables: Set<StateHash> = []
        for size in [1, 7, 100, 5000] {
            var settings = ItemTable.Settings()
            settings.covisitation.halfLifeMilliseconds = 3_600_000
            settings.itemsMax = 80
            let shop = SmallShop(user: self.settings(20), items: settings)
            var stream = SampleStream(seed: 9)
            try shop.apply(stream.take(1200), blockOf: size)
            hashes.insert(shop.store.hash(items: shop.items.table.identifiers))
            tables.insert(shop.items.table.hash())
            #expect(shop.items.table.liveCount <= 80)
        }
        #expect(hashes.count == 1)
        #expect(tables.count == 1)
    }

    @Test func memoryOfErasedUsersIsUsedAgain() {
        let shop = SmallShop()
        var largest = 0
        for round in 0..<50 {
            for user in 0..<100 {
                shop.apply(SampleEvent(time: 1000, user: "round-\(round)-\(user)", item: "i"))
            }
            for user in 0..<100 {
                shop.apply(SampleEvent(type: .userDeleted, time: 1000, user: "round-\(round)-\(user)"))
            }
            #expect(shop.store.count == 0)
            largest = max(largest, shop.store.upperBound)
        }
        #expect(largest == 100)
        #expect(shop.store.oldestDirtyOffset() == nil)
    }

    /// Users come out in the order of their first change that no checkpoint holds.
    @Test func dirtyUsersComeOutOldestFirst() {
        let shop = SmallShop()
        var stream = SampleStream(seed: 12)
        stream.users = 30
        var random = Seeded(3)
        var since: [String: Int64] = [:]
        for _ in 0..<3000 {
            let sample = stream.next()
            let offset = shop.offset
            switch shop.apply(sample) {
            case .learnt: since[sample.user] = since[sample.user] ?? offset
            case .erased: since[sample.user] = nil
            case .duplicate: break
            }
            #expect(shop.store.oldestDirtyOffset() == since.values.min())
            guard random.once(in: 3), let user = shop.store.takeLongestDirty() else { continue }
            let id = shop.store.identifiers.text(user)
            #expect(since[id] == since.values.min())
            since[id] = nil
        }
    }
}
