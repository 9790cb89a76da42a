import Events
import Models
import Testing

@testable import Pipeline

/// What a worker does in its rounds and at their end, on a log in memory.
struct WorkerRoundTests {
    private let log = MemoryEventLog()
    private let clock = ManualClock()

    private func makeWorker(_ change: (inout WorkerSettings) -> Void = { _ in }) throws -> Worker {
        var settings = WorkerSettings()
        change(&settings)
        let clock = clock
        return try Worker(settings: settings, log: log, clock: { clock.look() })
    }

    /// Works until nothing is left to do.
    private func settle(_ worker: Worker) throws {
        var rounds = 0
        while worker.hasUncommitted || worker.isCommitting || worker.hasPendingWork || rounds < 5 {
            clock.now += 300
            try worker.step(timeoutMilliseconds: 0)
            rounds += 1
            try #require(rounds < 500)
        }
    }

    private func produce(_ user: String, _ item: String, type: String = "view", time: Int) {
        log.produce(
            key: user,
            #"{"event_time":\#(1_700_100_000 + time),"event_type":"\#(type)","product_id":"\#(item)","user_id":"\#(user)"}"#
        )
    }

    /// A user's lists, the last one at the end.
    private func lists(_ user: String) -> [String] {
        log.written.filter { $0.topic == .recommendations && $0.key == Array(user.utf8) }
            .map { $0.value.map { String(decoding: $0, as: UTF8.self) } ?? "deleted" }
    }

    private func partition(_ worker: Worker) throws -> PartitionTask { try #require(worker.partitions[0]) }

    // MARK: - Items

    /// Who stops at the time for it with more to read goes on at once, events or none.
    @Test func whoIsBehindTheItemLogDoesNotWait() throws {
        let worker = try makeWorker()
        try settle(worker)
        for item in 0..<200 { log.catalogue("p\(item)", isAvailable: true) }
        clock.tick = 1_000
        #expect(try worker.step(timeoutMilliseconds: 0).isBusy)
        #expect(worker.items.offset == 64)
        clock.tick = 0
        try settle(worker)
        #expect(worker.items.offset == 200)
        #expect(try !worker.step(timeoutMilliseconds: 0).isBusy)
    }

    /// The first time is no longer than the others, however long the machine has run.
    @Test func theFirstLookAtTheItemLogIsBounded() throws {
        clock.now = 1_000_000_000
        let worker = try makeWorker()
        while !worker.itemPhase.isFollowing { try worker.step(timeoutMilliseconds: 0) }
        for item in 0..<200 { log.catalogue("p\(item)", isAvailable: true) }
        clock.tick = 1_000
        #expect(try worker.step(timeoutMilliseconds: 0).isBusy)
        #expect(worker.items.offset == 64)
    }

    // MARK: - Lists that are made anew

    @Test func theLastUsersWithAListAreTheActiveOnes() throws {
        let worker = try makeWorker { $0.activeUsersMax = 3 }
        log.produceShop(300)
        try settle(worker)
        let store = try partition(worker).store
        func names(_ users: [(partition: Int32, user: UserStore.User)]) -> [String] {
            users.map { store.identifiers.text($0.user) }
        }
        let before = Set(names(worker.activeUsers))
        #expect(before.count == 3)
        let others = (0..<11).map { "u\($0)" }.filter { !before.contains($0) }.prefix(4)
        for (time, user) in others.enumerated() {
            produce(user, "new", time: time)
            try settle(worker)
        }
        #expect((0..<store.upperBound).count { store[UserStore.User($0)].isActive } == 3)
        #expect(names(worker.takeActiveUsers()) == others.suffix(3))
    }

    @Test func aUserWaitsOnceAndInTurnToBeRankedAgain() throws {
        let worker = try makeWorker { $0.reranksPerBatch = 1 }
        log.produceShop(600, users: 50)
        try settle(worker)
        let lastLists = try partition(worker).lastLists
        let owners = (0..<IdentifierTable.Number(worker.items.table.upperBound))
            .map { (item: $0, count: lastLists.owners(ofListsNaming: [$0]).count) }
        let popular = try #require(owners.max { $0.count < $1.count }).item
        let item = worker.items.table.identifiers.text(popular)
        var order: [UserStore.User] = []
        var longest = 0
        for isAvailable in [false, true, false, true, false] {
            log.catalogue(item, isAvailable: isAvailable)
            try worker.step(timeoutMilliseconds: 0)
            let waiting = worker.rerank.map(\.user)
            #expect(Set(waiting).count == waiting.count)
            #expect(order.isEmpty || waiting.starts(with: order.dropFirst()))
            order = waiting
            longest = max(longest, waiting.count)
        }
        #expect(longest > 3)
        try settle(worker)
        #expect(worker.rerank.isEmpty)
        #expect(try partition(worker).lastLists.owners(ofListsNaming: [popular]).isEmpty)
    }

    // MARK: - Lists without items

    /// Nothing is said to who has had nothing; what was said is taken back.
    @Test func aListWithoutAnyItemIsNobodysFirst() throws {
        let worker = try makeWorker()
        produce("a", "p1", type: "purchase", time: 0)
        try settle(worker)
        #expect(lists("a").isEmpty)
        produce("b", "p2", time: 1)
        try settle(worker)
        #expect(lists("a").count == 1 && lists("a").last?.contains(#""product_id":"p2""#) == true)
        log.catalogue("p2", isAvailable: false)
        try settle(worker)
        #expect(lists("a").count == 2)
        #expect(lists("a").last?.contains(#""items":[],"continue_shopping":[]"#) == true)
        produce("c", "p1", type: "purchase", time: 2)
        try settle(worker)
        #expect(lists("c").isEmpty && lists("a").count == 2)
    }

    // MARK: - Live quality

    /// A return to a known item says nothing about a list.
    @Test func aListIsJudgedByItemsThatAreNewToItsUser() throws {
        let worker = try makeWorker()
        log.produceShop(300)
        try settle(worker)
        let before = worker.liveQuality.cases
        let store = try partition(worker).store
        let user = try #require(store.identifiers.find("u3"))
        let known = try #require(store[user].entries.last)
        produce("u3", worker.items.table.identifiers.text(known.item), time: 0)
        try settle(worker)
        #expect(worker.liveQuality.cases == before)
        produce("u3", "new", time: 1)
        try settle(worker)
        #expect(worker.liveQuality.cases == before + 1)
    }

    /// Numbers of users are given again: the next one's first event is not judged by a list of the one before.
    @Test func theListOfAnErasedUserJudgesNobody() throws {
        let worker = try makeWorker()
        log.produceShop(300)
        try settle(worker)
        let store = try partition(worker).store
        let number = store.identifiers.find("u3")
        let before = worker.liveQuality.cases
        log.produce(key: "u3", #"{"event_time":1700100000,"event_type":"user_deleted","user_id":"u3"}"#)
        produce("stranger", "p4", time: 1)
        try settle(worker)
        #expect(store.identifiers.find("stranger") == number && number != nil)
        #expect(worker.liveQuality.cases == before)
    }

    // MARK: - Batches

    /// One that is behind goes on while most of its records are bursts, and ends before lists become rare.
    @Test func aBatchOfBurstsIsLonger() throws {
        func longest(users: Int) throws -> Int {
            let log = MemoryEventLog()
            var settings = WorkerSettings()
            settings.batchRecordsMax = 16
            let worker = try Worker(settings: settings, log: log, clock: { 0 })
            log.produceShop(300, users: users)
            return try (0..<30).map { _ in try worker.step(timeoutMilliseconds: 0).records }.max() ?? 0
        }
        #expect(try longest(users: 8) == 28, "8 lists of 28 records are fewer than 0.3 a record")
        #expect(try longest(users: 2) == 16, "2 lists of 16 records")
        #expect(try longest(users: 250) == 16, "each record makes a list")
    }

    @Test func usersAreRipeWhenTheyHaveWaitedOrTooMuchWouldBeMissing() {
        let worker = PartitionTask(partition: 0, items: IdentifierTable(), listItems: 20)
        worker.begin(at: 0)
        worker.position = 1000
        worker.notePosition(at: 0)
        worker.position = 1100
        #expect(worker.ripeOffset(now: 10, delay: 100) == 1045, "a twentieth may be missing")
        worker.position = 1010
        #expect(worker.ripeOffset(now: 200, delay: 100) == 1000, "the mark is old enough")
        #expect(worker.ripeOffset(now: 200, delay: 0) == .max)
    }

    /// Output that nobody looks after for seconds is dropped record by record, and not as a whole.
    @Test func theLogIsServedBetweenTheListsOfALongRound() throws {
        let worker = try makeWorker()
        try settle(worker)
        log.produceShop(1_000, users: 1_000)
        let before = log.serves
        #expect(try worker.step(timeoutMilliseconds: 0).records == 1_000)
        #expect(log.serves - before >= 1_000 / QueryWorkspace.queriesMax)
    }

    // MARK: - The end

    private func makeFolded() throws -> Worker {
        log.isTransactional = false
        let worker = try makeWorker()
        log.produceShop(50)
        for _ in 0..<20 where worker.counters.events == 0 { try worker.step(timeoutMilliseconds: 0) }
        return worker
    }

    /// The time that a commit takes is not there for its checkpoints once more.
    @Test func oneDeadlineIsForTheCommitAndItsCheckpoints() throws {
        let worker = try makeFolded()
        log.outcomes = Array(repeating: nil, count: 40) + [.committed] + Array(repeating: nil, count: 10_000)
        clock.now = 0
        clock.tick = 10
        let error = #expect(throws: LogError.self) { try worker.settle(timeoutMilliseconds: 2_500) }
        #expect(error?.message.contains("did not end in time") == true)
        #expect(worker.counters.commits == 1 && clock.now > 500 && clock.now < 2_800, "\(clock.now)")
    }

    @Test func whoeverWaitsForTheEndStopsTheWaitForCheckpoints() throws {
        let worker = try makeFolded()
        log.outcomes = [.committed] + Array(repeating: nil, count: 10_000)
        clock.tick = 10
        let error = #expect(throws: LogError.self) {
            try worker.settle(timeoutMilliseconds: 2_500) { worker.counters.commits == 1 }
        }
        #expect(error?.message.contains("stopped") == true)
    }

    /// A refused commit of nothing but checkpoints has no records to send again.
    @Test func checkpointsThatMayNotBeWrittenAreNoSuccess() throws {
        let worker = try makeFolded()
        log.outcomes = [.committed, .aborted(reason: "why")]
        #expect(throws: LogError.self) { try worker.settle(timeoutMilliseconds: 2_500) }
    }

    @Test func aStopDoesNotWaitForACommitOfLostPartitions() throws {
        let worker = try makeWorker()
        log.holdsCommits = true
        log.produceShop(50)
        for _ in 0..<20 where !worker.isCommitting {
            clock.now += 100
            try worker.step(timeoutMilliseconds: 0)
        }
        log.changes = [.lost([0])]
        worker.isStopped = { true }
        clock.tick = 10
        let error = #expect(throws: LogError.self) { try worker.step(timeoutMilliseconds: 0) }
        #expect(error?.message.contains("stopped") == true)
    }
}
