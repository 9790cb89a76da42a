import Events
import Foundation
import Pipeline
import Testing

/// Records that their topics do not take: each is kept, counted, and stops nothing.
@Suite struct RecordLimitTests {
    private let log = MemoryEventLog()

    private func makeWorker() throws -> Worker {
        try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
    }

    private func run(_ worker: Worker) throws {
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.settle(timeoutMilliseconds: 1000)
    }

    @Test func aListThatIsTooLargeIsADeadLetter() throws {
        log.limits[.recommendations] = 700
        let worker = try makeWorker()
        log.produceShop(300)
        try run(worker)
        // The first batch was ranked before the items had learnt anything.
        log.produceShop(300, from: 300)
        try run(worker)
        let letters = log.written.filter { $0.topic == .deadLetters }
        #expect(!letters.isEmpty && worker.counters.rejected == 0)
        #expect(worker.counters.tooLarge == letters.count)
        for letter in letters {
            #expect(letter.headers["freshet.reason"] == "too-large" && letter.headers["freshet.partition"] == "0")
            #expect((letter.value?.count ?? 0) + (letter.key?.count ?? 0) > 700)
        }
        for list in log.written where list.topic == .recommendations { #expect(list.value?.count ?? 0 <= 700) }
    }

    @Test func whatTheDeadLettersDoNotTakeIsLeftOut() throws {
        log.limits[.deadLetters] = 1000
        let worker = try makeWorker()
        log.produce(key: "u", String(repeating: "x", count: 2000))
        log.produce(key: String(repeating: "k", count: 900), "not JSON")
        try run(worker)
        let letters = log.written.filter { $0.topic == .deadLetters }
        #expect(worker.counters.rejected == 2 && letters.count == 2)
        #expect(letters.allSatisfy { $0.value == nil && $0.headers["freshet.reason"] == "malformed-json" })
        #expect(letters.map { $0.headers["freshet.left-out"] } == ["2000", "8"])
        #expect(letters.map { $0.key?.count } == [1, nil])
        #expect(letters.map { $0.headers["freshet.offset"] } == ["0", "1"])
    }

    /// The marker stands still before the first event that no checkpoint holds; a restart applies it again.
    @Test func aStateThatIsTooLargeStaysDirty() throws {
        log.limits[.users] = 200
        let worker = try makeWorker()
        log.produceShop(300)
        try run(worker)
        #expect(worker.counters.tooLarge > 0)
        let written = log.written.filter { $0.topic == .users }
        #expect(written.allSatisfy { ($0.value?.count ?? 0) <= 200 })
        let again = try makeWorker()
        log.restart()
        try run(again)
        #expect(again.usersHash() == worker.usersHash())
        log.limits[.users] = nil
        let third = try makeWorker()
        log.restart()
        try run(third)
        #expect(third.usersHash() == worker.usersHash())
    }

    @Test func anItemLogThatTakesNoBlockIsRefused() throws {
        log.limits[.itemLog] = 10_000
        let error = #expect(throws: LogError.self) { try makeWorker() }
        #expect(error?.kind == .fatal && error?.message.contains("max.message.bytes") == true)
    }
}
