import Testing

@testable import Pipeline
@testable import freshet

/// A transaction is open for a short time only: the broker ends one that is open for 5 s, and fences its producer.
struct WorkerTransactionTests {
    private let log = MemoryEventLog()
    private let clock = ManualClock()

    private func makeWorker(_ change: (inout WorkerSettings) -> Void = { _ in }) throws -> Worker {
        var settings = WorkerSettings()
        change(&settings)
        let clock = clock
        return try Worker(settings: settings, log: log, clock: { clock.look() })
    }

    /// A worker with a commit under way, and events for the next round.
    private func makeCommitting(answers: [CommitOutcome?], users: Int = 11) throws -> Worker {
        let worker = try makeWorker()
        for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
        log.produceShop(50)
        clock.now += 300
        try worker.step(timeoutMilliseconds: 0)
        try #require(worker.isCommitting && log.commits == 1)
        log.outcomes = answers
        log.produceShop(max(50, users), from: 50, users: users)
        clock.now += 300
        return worker
    }

    private var lists: Int { log.written.count { $0.topic == .recommendations } }

    /// The commit of the round before has ended when this one's output is ready.
    @Test func theNextCommitBeginsAtTheEndOfARound() throws {
        let worker = try makeCommitting(answers: [nil, .committed])
        try worker.step(timeoutMilliseconds: 0)
        #expect(worker.counters.commits == 1 && log.commits == 2)
    }

    /// One that has not ended by then does not have the next transaction wait for it over another long round.
    @Test func theOutputOfALongRoundWaitsForTheCommitUnderWay() throws {
        // So many lists that the first ones are not sent before the last ones are there.
        let worker = try makeCommitting(answers: [nil, nil], users: 600)
        let before = lists
        clock.tick = 1_000
        try worker.step(timeoutMilliseconds: 0)
        #expect(worker.counters.events == 650 && worker.counters.lists > before)
        #expect(lists == before && log.commits == 1)
        clock.tick = 0
        log.produceShop(50, from: 650)
        let events = worker.counters.events
        var during: Int?
        worker.waits = { _ in during = during ?? log.commits }
        try worker.step(timeoutMilliseconds: 0)
        #expect(worker.counters.events > events && lists > before)
        #expect(during == 2, "before more is taken")
    }

    /// The output of a short one goes at once.
    @Test func theOutputOfAShortRoundDoesNotWait() throws {
        let worker = try makeCommitting(answers: [nil, nil])
        let before = lists
        try worker.step(timeoutMilliseconds: 0)
        #expect(lists > before && log.commits == 1)
    }

    // MARK: - The length of a batch

    /// Where lists take long a batch of bursts ends before they take longer than a transaction may be open.
    @Test func aBatchOfBurstsIsNoLongerThanItsListsMayTake() throws {
        func longest(tick: UInt64) throws -> Int {
            let log = MemoryEventLog()
            let clock = ManualClock()
            clock.tick = tick
            var settings = WorkerSettings()
            settings.batchRecordsMax = 16
            let worker = try Worker(settings: settings, log: log, clock: { clock.look() })
            for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
            log.produceShop(300, users: 8)
            try worker.step(timeoutMilliseconds: 0)
            return try (0..<10).map { _ in try worker.step(timeoutMilliseconds: 0).records }.max() ?? 0
        }
        #expect(try longest(tick: 0) == 28)
        #expect(try longest(tick: 5_000) == 16)
    }

    @Test func aBatchOfBurstsHasABoundOfItsOwn() {
        #expect(Worker.burstRecordsMax(4_096) == 65_536)
        #expect(Worker.burstRecordsMax(16) == 256)
        #expect(Worker.burstRecordsMax(20_000) == 65_536)
        #expect(Worker.burstRecordsMax(100_000) == 100_000)
    }

    // MARK: - What is said

    @Test func whoIsFencedHearsOfBothCauses() {
        let fenced = LogError(.fenced, "fenced")
        let late = "the broker ended a transaction that was open for too long"
        let named = ServeService.advice(fenced, instanceID: "a")
        #expect(named.contains("under this instance.id?") && named.contains(late))
        let unnamed = ServeService.advice(fenced, instanceID: nil)
        #expect(!unnamed.contains("instance.id") && unnamed.contains(late))
        #expect(ServeService.advice(LogError(.retriable, "away"), instanceID: "a") == "")
    }
}
