import Events
import Foundation
import Models
import Testing

@testable import Pipeline

/// Users whose list came out short get a full one when the item table has moved, however many there are.
struct ShortListTests {
    /// Works until nothing is left to do.
    private func settle(_ worker: Worker, passTime: () -> Void) throws {
        var rounds = 0
        while worker.hasUncommitted || worker.isCommitting || worker.hasPendingWork || rounds < 5 {
            passTime()
            try worker.step(timeoutMilliseconds: 0)
            rounds += 1
            try #require(rounds < 500)
        }
    }

    @Test func allAreRankedAgainThoughNoEventComes() throws {
        let log = MemoryEventLog()
        var settings = WorkerSettings()
        settings.shortListsPerBatch = 7
        var now: UInt64 = 0
        let worker = try Worker(settings: settings, log: log, clock: { now })
        // One batch, on a table without items: nobody gets a list.
        log.produceShop(300, users: 50)
        for _ in 0..<20 where worker.counters.events == 0 { try worker.step(timeoutMilliseconds: 0) }
        #expect(worker.counters.events == 300 && worker.counters.lists == 0)
        try settle(worker) { now += 300 }
        var lengths: [[UInt8]: Int] = [:]
        for record in log.written where record.topic == .recommendations {
            let list = try #require(record.value.map { String(decoding: $0, as: UTF8.self) })
            lengths[record.key ?? []] = list.components(separatedBy: "\"product_id\"").count - 1
        }
        #expect(lengths.count == 50)
        #expect(lengths.values.allSatisfy { $0 >= settings.rules.listItems })
    }

    /// A withdrawn item leaves the lists that name it though their users do nothing.
    @Test func listsThatNameAWithdrawnItemAreMadeAnew() throws {
        let log = MemoryEventLog()
        var now: UInt64 = 0
        let worker = try Worker(settings: WorkerSettings(), log: log, clock: { now })
        log.produceShop(300)
        func naming(_ item: String) -> Int {
            var lists: [[UInt8]: String] = [:]
            for record in log.written where record.topic == .recommendations {
                lists[record.key ?? []] = record.value.map { String(decoding: $0, as: UTF8.self) }
            }
            return lists.values.count { list in
                let others = list.components(separatedBy: "\"continue_shopping\"")[0]
                return others.contains("\"product_id\":\"\(item)\"")
            }
        }
        try settle(worker) { now += 300 }
        let popular = try #require((0..<397).map { "p\($0)" }.max { naming($0) < naming($1) })
        let listed = naming(popular)
        #expect(listed > 1)
        let before = worker.counters.lists
        let writer = ByteWriter()
        Array(popular.utf8).withUnsafeBytes { CatalogueRecord.encode(nil, id: $0, to: writer) }
        log.topics.append(.itemLog, 0, key: nil, value: Array(writer.bytes))
        try settle(worker) { now += 300 }
        #expect(naming(popular) == 0)
        #expect(worker.counters.lists == before + listed)
    }
}
