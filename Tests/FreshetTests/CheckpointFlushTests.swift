import Models
import Testing

@testable import Pipeline

/// The states of all users may be far more than one commit can take in its time.
struct CheckpointFlushTests {
    private let log = MemoryEventLog()
    private let clock = ManualClock()

    private func makeWorker(_ change: (inout WorkerSettings) -> Void = { _ in }) throws -> Worker {
        var settings = WorkerSettings()
        settings.checkpointDelayMilliseconds = 1_000_000
        settings.checkpointBytes = 100
        settings.flushBytes = 2_000
        change(&settings)
        let clock = clock
        return try Worker(settings: settings, log: log, clock: { clock.look() })
    }

    /// A worker whose users wait for a checkpoint.
    private func makeFolded() throws -> Worker {
        let worker = try makeWorker()
        log.produceShop(600, users: 200)
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
        try worker.settle(timeoutMilliseconds: 1_000)
        try #require(worker.counters.events == 600 && worker.usersWithoutCheckpoint > 100)
        return worker
    }

    private static func bytes(_ records: some Sequence<MemoryEventLog.Output>) -> Int {
        records.filter { $0.topic == .users }.reduce(0) { $0 + ($1.key?.count ?? 0) + ($1.value?.count ?? 0) }
    }

    @Test(arguments: [true, false])
    func theLastFlushIsManyCommits(isTransactional: Bool) throws {
        log.isTransactional = isTransactional
        let worker = try makeFolded()
        let (written, commits) = (log.written.count, log.commits)
        var most = 0
        log.commitBegins = { [log] in
            most = max(most, Self.bytes(log.written[log.lastCommitEnd...]))
        }
        try worker.finish(flushesAll: true)
        let all = Self.bytes(log.written[written...])
        #expect(all > 10_000 && most < 2_500, "\(all) bytes, at most \(most) a commit")
        #expect(log.commits - commits >= all / 2_500)
        #expect(worker.usersWithoutCheckpoint == 0)
        // Nothing is left to be applied again.
        log.restart()
        let next = try makeWorker()
        for _ in 0..<20 { try next.step(timeoutMilliseconds: 0) }
        #expect(next.usersHash() == worker.usersHash())
        #expect(next.partitions[0]?.marker?.offset == 600)
    }

    /// Each of them has its time; together they may take longer. Where somebody waits for the end they have no more.
    @Test func eachCommitOfTheFlushHasItsTime() throws {
        let worker = try makeFolded()
        clock.tick = 30
        let began = clock.now
        try worker.finish(flushesAll: true, timeoutMilliseconds: 1_000, isOfEachCommit: true)
        #expect(clock.now - began > 1_000 && worker.usersWithoutCheckpoint == 0)

        let other = try makeFoldedAgain()
        #expect(throws: LogError.self) { try other.finish(flushesAll: true, timeoutMilliseconds: 1_000) }
    }

    private func makeFoldedAgain() throws -> Worker {
        let other = CheckpointFlushTests()
        let worker = try other.makeFolded()
        other.clock.tick = 30
        return worker
    }

    /// Commits that are far apart write as much as those at each interval would have.
    @Test func checkpointsKeepPaceWithTime() throws {
        let worker = try makeFolded()
        let begun = clock.now
        func bytes(after milliseconds: UInt64) -> Int { worker.checkpointBytes(now: begun + milliseconds) }
        #expect(bytes(after: 0) == 100 && bytes(after: 100) == 100)
        #expect(bytes(after: 1_000) == 1_000)
        #expect(bytes(after: 1_000_000) == 2_000)
        worker.partitions[1] = PartitionTask(partition: 1, items: worker.items.table.identifiers, listItems: 20)
        #expect(bytes(after: 1_000_000) == 1_000, "all partitions together")
    }
}
