import Events
import Models
import Pipeline
import Synchronization
import Testing

@testable import Evaluation

@Suite struct OfflineTests {
    private static func stream() throws -> EventStream { try PrequentialTests.shelves(users: 60, steps: 8) }

    private static func knn() -> OfflineEvaluation {
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(ItemKNN())
        evaluation.measuresAUC = true
        return evaluation
    }

    @Test func sampledCandidatesAreEasierThanAllItems() throws {
        let split = OfflineSplit.lastOut(try Self.stream())
        var evaluation = Self.knn()
        evaluation.length = 10
        let all = evaluation.run(split)
        var negatives = SampledNegatives()
        negatives.count = 20
        evaluation.ranking = .sampled(negatives)
        let sampled = evaluation.run(split)
        #expect(sampled.metrics.count == all.metrics.count)
        #expect(sampled.metrics.hitRate > all.metrics.hitRate)
        #expect(sampled.coverage == nil)
        let drawn = negatives.draw(split)
        #expect(drawn == negatives.draw(split))
        #expect(drawn.allSatisfy { ($0.count == 20 || $0.isEmpty) && Set($0).count == $0.count })
    }

    /// Where fewer are left than rejection would take, they are drawn too, not the first in order.
    @Test func fewOpenItemsAreDrawnFrom() throws {
        let split = OfflineSplit.lastOut(try Self.stream())
        var negatives = SampledNegatives()
        negatives.count = 60
        let drawn = negatives.draw(split).filter { !$0.isEmpty }
        #expect(drawn.allSatisfy { $0.count == 60 && Set($0).count == 60 })
        #expect(Set(drawn.joined()).count == Set(split.train.records.map(\.item)).count)
        for (user, items) in negatives.draw(split).enumerated() {
            let own = split.train.records.filter { $0.user == UInt32(user) }.map(\.item)
            #expect(Set(own + Array(split.wanted[user])).isDisjoint(with: items))
        }
    }

    /// The served list too ranks the wanted item among those that are drawn: fewer of them make it easier, and with none it
    /// is always found.
    @Test func theServedListTakesSampledCandidates() throws {
        let split = OfflineSplit.lastOut(try Self.stream())
        var evaluation = OfflineEvaluation()
        evaluation.length = 5
        let all = evaluation.run(split)
        var rates: [Double] = []
        for count in [20, 5, 0] {
            var negatives = SampledNegatives()
            negatives.count = count
            evaluation.ranking = .sampled(negatives)
            let sampled = evaluation.run(split)
            #expect(sampled.metrics.count == all.metrics.count && sampled.coverage == nil)
            rates.append(sampled.metrics.hitRate)
        }
        #expect(
            all.metrics.hitRate < rates[0] && rates[0] <= rates[1] && rates[2] == 1, "\(all.metrics.hitRate) \(rates)")
    }

    @Test func aucOfShelvesIsHigh() throws {
        let result = Self.knn().run(.lastOut(try Self.stream()))
        #expect(try #require(result.auc) > 0.8)
        #expect(result.ratingErrors == nil && result.diversity == nil)
    }

    @Test func everyPairIsAskedInOneFold() throws {
        let stream = try Self.stream()
        let folds = OfflineSplit.folds(stream, count: 5)
        let result = Self.knn().run(folds)
        #expect(Set(result.cases.map(\.fold)) == [0, 1, 2, 3, 4])
        // Eight steps give each user at most eight items; a fold has one or two of them.
        #expect(folds.allSatisfy { $0.askedCount == 60 && $0.train.count < stream.count })
        #expect(result.metrics.count == 300)
    }

    /// Who comes back to an item last is not asked for, and is counted.
    @Test func lastEventsThatRepeatAreCounted() throws {
        let split = OfflineSplit.lastOut(
            try Self.events([
                ("a", "1", "view", 1), ("a", "2", "view", 2), ("a", "1", "view", 3),
                ("b", "1", "view", 4), ("b", "2", "view", 5), ("c", "1", "view", 6),
            ]))
        #expect(split.askedCount == 1 && split.repeaters == 1 && split.keeping(share: 0.5).repeaters == 1)
        let shelves = OfflineSplit.lastOut(try Self.stream())
        #expect(shelves.repeaters + shelves.askedCount == 60)
    }

    /// A search that goes on must see whatever a model looks at.
    @Test func fingerprintsTellAllOfTheData() throws {
        func line(_ more: String, type: String = "view", time: Int = 5) -> String {
            #"{"user_id":"u","product_id":"2","event_type":"\#(type)","event_time":\#(time)\#(more)}"#
        }
        let first = #"{"user_id":"u","product_id":"1","event_type":"view","event_time":1}"#
        let others = [
            line(""), line("", type: "cart"), line("", time: 6), line(#","category_id":"x""#), line(#","brand":"x""#),
            line(#","category_code":"x""#), line(#","price":2"#),
        ]
        let hashes = try others.map { OfflineSplit.lastOut(try PrequentialTests.read(first + "\n" + $0)).hash }
        #expect(Set(hashes).count == others.count)
    }

    /// Drawing for many users among many items costs no look at every item for every user.
    @Test(.timeLimit(.minutes(1))) func manyUsersAmongManyItemsAreDrawnFor() throws {
        var text = ""
        for user in 0..<40_000 { text += "\(user) \(user) \((user + 1) % 40_000)\n" }
        var negatives = SampledNegatives()
        negatives.count = 2
        let drawn = negatives.draw(.lastOut(try PrequentialTests.read(text)))
        #expect(drawn.count == 40_000 && drawn.allSatisfy { $0.count == 2 })
    }

    /// A fold can be the last one that is asked for.
    @Test func foldsEndWhereNobodyGoesOn() throws {
        var seen: [Int] = []
        let result = Self.knn().run(
            OfflineSplit.folds(try Self.stream(), count: 4), progress: { _ in }, isCancelled: { false }
        ) { fold, result in
            seen.append(result.metrics.count)
            return fold < 2
        }
        #expect(seen == [60, 120] && result?.metrics.count == 120)
    }

    @Test func timeSplitLearnsWhatCameFirst() throws {
        let stream = try Self.stream()
        let split = OfflineSplit.time(stream, share: 0.75)
        #expect(split.train.count == stream.count * 3 / 4)
        #expect(split.train.event(split.train.count - 1).time < stream.event(stream.count * 3 / 4).time)
        #expect(split.askedCount > 50 && split.strangers == (0, 0))
        // Nobody who came first in the last quarter can be asked for.
        let known = (1...8).map { "1\t\($0)\t5\t\($0)\n" }.joined()
        let late = try PrequentialTests.read(known + "2\t1\t5\t9\n2\t2\t5\t9\n")
        #expect(OfflineSplit.time(late, share: 0.7).strangers == (2, 1))
    }

    @Test func minimumLeavesTheCore() throws {
        // b has one item; without b, item 2 has one user; without item 2, a has one item.
        let text = [("a", "1"), ("a", "2"), ("b", "2"), ("c", "1"), ("c", "3"), ("d", "3"), ("d", "1")].enumerated().map
        {
            "{\"user_id\":\"\($1.0)\",\"product_id\":\"\($1.1)\",\"event_type\":\"view\",\"event_time\":\($0 + 1)}"
        }.joined(separator: "\n")
        let core = try PrequentialTests.read(text).keeping(userMinimum: 2, itemMinimum: 2)
        #expect(core.count == 4 && core.userCount == 2 && core.itemCount == 2)
    }

    @Test func groupsHoldEveryCaseOnce() throws {
        let result = Self.knn().run(.time(try Self.stream(), share: 0.6))
        let groups = result.groups()
        #expect(groups.reduce(0) { $0 + $1.metrics.count } == result.metrics.count)
        #expect(zip(groups, groups.dropFirst()).allSatisfy { $0.range.upperBound + 1 == $1.range.lowerBound })
    }

    @Test func aModelDoesNotDifferFromItself() throws {
        let split = OfflineSplit.lastOut(try Self.stream())
        let result = Self.knn().run(split)
        let interval = try #require(result.difference(.ndcg, to: result))
        #expect(interval.mean == 0 && interval.low == 0 && interval.high == 0)
        var shallow = ItemKNN()
        shallow.neighbours = 1
        var other = Self.knn()
        other.model = .recommender(shallow)
        let difference = try #require(result.difference(.recall, to: other.run(split)))
        #expect(difference.low <= difference.mean && difference.mean <= difference.high)
        #expect(abs(difference.mean - (result.metrics.recall - other.run(split).metrics.recall)) < 1e-12)
    }

    @Test func readsLinesOfUsersAndTheirItems() throws {
        let stream = try PrequentialTests.read("1 10 11\n2 10\n")
        #expect(stream.count == 3 && stream.userCount == 2 && stream.itemCount == 2)
    }

    private static func events(_ rows: [(user: String, item: String, type: String, time: Int)]) throws -> EventStream {
        try PrequentialTests.read(
            rows.map {
                #"{"user_id":"\#($0.user)","product_id":"\#($0.item)","event_type":"\#($0.type)","event_time":\#($0.time)}"#
            }.joined(separator: "\n"))
    }

    /// A later event's rating is that of the pair also where a share of the users is asked.
    @Test func aShareOfTheUsersKeepsItsRatings() throws {
        var rows = [(user: String, item: String, type: String, time: Int)]()
        for user in 0..<40 {
            rows += [("u\(user)", "a", "view", 1), ("u\(user)", "b", "view", 100 + user)]
            rows.append(("u\(user)", "b", "purchase", 200 + user))
        }
        let split = OfflineSplit.time(try Self.events(rows), share: 1.0 / 3)
        let kept = split.keeping(share: 0.5)
        #expect(split.askedCount == 40 && (5...35).contains(kept.askedCount) && kept.test.count == kept.askedCount)
        #expect(split.wantedRatings.allSatisfy { $0 == [4] })
        for (user, wanted) in kept.wanted.enumerated() {
            #expect(wanted.isEmpty == kept.wantedRatings[user].isEmpty)
            if !wanted.isEmpty { #expect(wanted == split.wanted[user] && kept.wantedRatings[user] == [4]) }
        }
    }

    /// What weights are fitted with is what serves.
    @Test func theShopsBoundsAreOne() {
        var settings = ShopSettings()
        settings.users.historyItemsMax = 7
        settings.items.covisitation.window = 3
        settings.rules.excludesSeen = false
        let shop = ReplayedShop(settings: settings).settings
        #expect(shop.rules.historyItems == 7 && shop.users.window == 3)
        #expect(shop.training.rules == shop.rules && shop.training.items == shop.items)
    }

    /// A remove takes the cart's place, and ratings fade until the user's last event, as in the service.
    @Test func historiesAreRatedAsInTheService() throws {
        let day = 86_400
        let stream = try Self.events([
            ("u", "a", "cart", day), ("u", "a", "remove_from_cart", 2 * day), ("u", "b", "purchase", 4 * day),
        ])
        let plain = stream.histories().histories
        #expect(plain.items == ["a", "b"] && plain.rows == [1, 0] && plain.ratings == [4, 2])
        let faded = stream.histories(decay: Decay(halfLifeMilliseconds: Int64(2 * day) * 1000)).histories
        #expect(faded.ratings == [4, 1])
        // Lines of users and items have no times, and nothing to fade.
        let lines = try PrequentialTests.read("1 10 11\n").histories(decay: Decay(halfLifeMilliseconds: 1)).histories
        #expect(lines.ratings == [1, 1])
    }

    /// The least recently touched item makes room; one that comes back is new.
    @Test func historiesAreAsLongAsInTheService() throws {
        let events = ["a", "b", "a", "c", "b"].enumerated().map { ("u", $1, "view", $0 + 1) }
        let three = try Self.events(Array(events.prefix(4))).histories(itemsMax: 2).histories
        #expect(three.items == ["a", "c"] && three.times == [4000, 1000])
        let all = try Self.events(events).histories(itemsMax: 2).histories
        #expect(all.items == ["b", "c"] && all.times == [5000, 4000])
    }

    @Test func rankingOfSampledCandidatesCanBeCancelled() throws {
        var evaluation = Self.knn()
        evaluation.ranking = .sampled(SampledNegatives())
        let calls = Atomic(0)
        // The training asks before each item and thread; what comes then is ranking.
        let result = evaluation.run([.lastOut(try Self.stream())], progress: { _ in }) {
            calls.wrappingAdd(1, ordering: .relaxed).newValue > 115
        }
        #expect(result == nil)
    }
}
