import Foundation
import Models
import Testing

@testable import Pipeline

/// Users whose list came out short get a full one when the item table has moved, however many there are.
struct ShortListTests {
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
        var rounds = 0
        while worker.hasUncommitted || worker.isCommitting || worker.hasPendingWork || rounds < 5 {
            now += 300
            try worker.step(timeoutMilliseconds: 0)
            rounds += 1
            try #require(rounds < 200)
        }
        var lengths: [[UInt8]: Int] = [:]
        for record in log.written where record.topic == .recommendations {
            let list = try #require(record.value.map { String(decoding: $0, as: UTF8.self) })
            lengths[record.key ?? []] = list.components(separatedBy: "\"product_id\"").count - 1
        }
        #expect(lengths.count == 50)
        #expect(lengths.values.allSatisfy { $0 >= settings.rules.listItems })
    }
}
