import Foundation
import Models
import Testing

@testable import Pipeline

/// How good the lists are, told by what users do next.
@Suite struct LiveQualityTests {
    private let log = MemoryEventLog()
    private let worker: Worker

    init() throws { worker = try Worker(settings: WorkerSettings(), log: log, clock: { 0 }) }

    private func run() throws {
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.settle(timeoutMilliseconds: 1000)
        for _ in 0..<3 { try worker.step(timeoutMilliseconds: 0) }
    }

    @Test func liveQualityCountsWhatUsersDoNext() throws {
        log.produceShop(600)
        try run()
        let all = worker.liveQuality
        // In one batch nothing was listed before: the next events of known users are judged.
        log.produceShop(11, from: 600)
        try run()
        #expect(worker.liveQuality.cases > all.cases)
        #expect(worker.liveQuality.cases <= all.cases + 11)
        #expect(0...1 ~= worker.liveQuality.hitRate && worker.liveQuality.ndcg <= worker.liveQuality.hitRate)
    }

    /// Users who take what their lists name raise both figures, each to one where the item stood first.
    @Test(arguments: [(place: 0, gain: 1.0), (place: 3, gain: 0.430677)])
    func whoTakesWhatIsListedRaisesIt(place: Int, gain: Double) throws {
        log.produceShop(600)
        try run()
        let before = worker.liveQuality
        for user in 0..<11 {
            let list = try lastList(of: "u\(user)")
            try #require(list.count > place)
            log.produce(
                key: "u\(user)",
                #"{"event_time":\#(1_700_100_000 + user),"event_type":"view","product_id":"\#(list[place])","user_id":"u\#(user)"}"#
            )
        }
        try run()
        let after = worker.liveQuality
        try #require(after.cases == before.cases + 11)
        #expect(abs((after.sums.gains - before.sums.gains) / 11 - gain) < 0.001)
        #expect(after.hitRate > before.hitRate && after.ndcg > before.ndcg)
    }

    /// The ids of the list that was published last.
    private func lastList(of user: String) throws -> [String] {
        let values = log.written.filter { $0.topic == .recommendations && $0.key == Array(user.utf8) }
        let value = Data(try #require(values.last?.value))
        let list = try JSONSerialization.jsonObject(with: value) as? [String: Any]
        return (list?["items"] as? [[String: Any]] ?? []).compactMap { $0["product_id"] as? String }
    }

    @Test func aListIsJudgedOnceAndByItsPlaces() {
        var lists = LastLists(length: 20)
        #expect(lists.take(7, findingItem: 3) == nil)
        let list = [5, 3, 9].map { RankedItem(item: $0, score: 1, reason: .popular) }
        lists.put(list, of: 7)
        #expect(lists.take(7, findingItem: 3) == .at(1))
        #expect(lists.take(7, findingItem: 3) == nil)
        lists.put(list, of: 7)
        #expect(lists.take(7, findingItem: 4) == .missing)
        // Another user of the same slot takes its place.
        lists.put(list, of: 7)
        lists.put(list, of: 7 + UserStore.User(LastLists.slots))
        #expect(lists.take(7, findingItem: 3) == nil)
        var quality = LiveQuality()
        quality.add(.at(0))
        quality.add(.missing)
        #expect(abs(quality.hitRate - 0.5) < 0.001 && abs(quality.ndcg - 0.5) < 0.001 && quality.cases == 2)
    }
}
