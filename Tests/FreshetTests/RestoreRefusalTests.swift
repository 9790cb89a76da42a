import Events
import Synchronization
import Testing

@testable import Pipeline

/// What a restore finds that does not fit together, and says instead of going on.
@Suite struct RestoreRefusalTests {
    private let log = MemoryEventLog()

    private func makeWorker(aliases: [(String, EventType)] = [], writer: String = "") throws -> Worker {
        var settings = WorkerSettings()
        settings.writer = writer
        settings.typeNames = EventTypeNames(aliases: EventTypeNames.standardAliases + aliases)
        // Nothing is old enough for a checkpoint.
        settings.checkpointDelayMilliseconds = 1_000_000
        return try Worker(settings: settings, log: log, clock: { 0 })
    }

    private func learn(_ count: Int, _ worker: Worker) throws {
        log.produceShop(count, from: 1000 + log.written.count)
        try run(worker)
        try worker.settle(timeoutMilliseconds: 1000)
    }

    private func run(_ worker: Worker) throws {
        for _ in 0..<20 { try worker.step(timeoutMilliseconds: 0) }
    }

    /// Events behind the marker are applied again: with other names they would be other events.
    @Test func otherAliasesAreRefusedWhereEventsAreAppliedAgain() throws {
        let worker = try makeWorker(aliases: [("wish", .cart)])
        try learn(300, worker)
        // Of so few events the checkpoints wait.
        try learn(5, worker)

        log.restart()
        let other = try makeWorker()
        let error = #expect(throws: LogError.self) { try run(other) }
        #expect(error?.kind == .state && error?.message.contains("other ingest.aliases") == true)

        // With the former ones it goes on; a clean stop leaves nothing to apply again, and then others may come.
        log.restart()
        let same = try makeWorker(aliases: [("wish", .cart)])
        try run(same)
        #expect(same.usersHash() == worker.usersHash())
        try same.finish(flushesAll: true)
        log.restart()
        let changed = try makeWorker()
        try run(changed)
        #expect(changed.usersHash() == worker.usersHash())

        // The marker says at once with which names it goes on: a crash now is none of the former ones'.
        try learn(5, changed)
        log.restart()
        let last = try makeWorker()
        try run(last)
        #expect(last.usersHash() == changed.usersHash())
    }

    /// State of other folds is no state of these; the refusal names what may differ.
    @Test func otherSettingsOfTheFoldsAreRefused() throws {
        let worker = try makeWorker()
        try learn(300, worker)
        for change in [
            { (settings: inout WorkerSettings) in settings.user.sessionGapMilliseconds += 1 },
            { settings in settings.admission.futureBoundMilliseconds += 1 },
        ] {
            log.restart()
            // Items would be refused first, by their snapshots; here there are none.
            var settings = worker.settings
            change(&settings)
            let other = try Worker(settings: settings, log: log, clock: { 0 })
            let error = #expect(throws: LogError.self) { try run(other) }
            #expect(error?.kind == .state && error?.message.contains("made with other settings of the folds") == true)
            #expect(error?.message.contains("ingest.future-bound") == true)
            #expect(error?.message.contains("session gap") == true)
        }
    }

    /// A partition without a leader is no reason to give up the others.
    @Test func aPartitionThatCannotBeReadIsRestoredLater() throws {
        let worker = try makeWorker()
        try learn(300, worker)
        // These are to be applied again.
        try learn(5, worker)
        for topic in [LogTopic.users, .events] {
            log.restart()
            log.unreadable = topic
            let now = Atomic<UInt64>(0)
            let next = try Worker(settings: worker.settings, log: log) { now.load(ordering: .relaxed) }
            try run(next)
            #expect(!next.isReady)
            log.unreadable = nil
            try run(next)
            #expect(!next.isReady, "it rests before it is tried again")
            now.store(1_000, ordering: .relaxed)
            try run(next)
            #expect(next.isReady && next.usersHash() == worker.usersHash())
        }
    }

    /// Whose transactions are to be ended when it dies is said with an owner's first commit, also where no checkpoint is due.
    @Test func aNewOwnersFirstCommitNamesIt() throws {
        try learn(319, try makeWorker(writer: "first"))
        func marker() -> [UInt8] {
            log.written.last { $0.topic == .users && $0.key == Array("\(CheckpointRecord.markerKey)".utf8) }?.value
                ?? []
        }
        let before = marker()
        log.restart()
        let second = try makeWorker(writer: "second")
        try learn(1, second)
        #expect(log.lastWriter == "first")
        #expect(marker().dropLast("second".count) == before.dropLast("first".count), "nothing else is new in it")

        log.restart()
        try run(try makeWorker(writer: "third"))
        #expect(log.lastWriter == "second")
    }

    /// Without transactions an interrupted replay may leave users without anything that says how far they are: each event
    /// would be taken for one that the items have learnt.
    @Test func usersOfAnInterruptedReplayAreRefused() throws {
        log.produceShop(100)
        let worker = try makeWorker()
        try run(worker)
        try worker.finish(flushesAll: true)
        let torn = MemoryEventLog()
        torn.produceShop(100)
        for record in log.written where record.topic == .users && record.key?.first == CheckpointRecord.userPrefix {
            torn.topics.append(.users, 0, key: record.key, value: record.value)
        }
        let next = try Worker(settings: WorkerSettings(), log: torn, clock: { 0 })
        let error = #expect(throws: LogError.self) { try run(next) }
        #expect(error?.kind == .state && error?.message.contains("was interrupted while it wrote") == true)
    }

    /// Somebody has deleted the item log and made it anew: lists would come of an empty table.
    @Test func anItemLogThatWasMadeAnewIsRefused() throws {
        let worker = try makeWorker()
        try learn(100, worker)
        log.topics.removeAll(.itemLog)
        log.restart()
        var now: UInt64 = 0
        let next = try Worker(settings: WorkerSettings(), log: log, clock: { now })
        // What was committed may show a while before its block does.
        try run(next)
        #expect(!next.isReady && next.restoring != nil)
        now = 20_000
        let error = #expect(throws: LogError.self) { try run(next) }
        #expect(error?.kind == .state && error?.message.contains("the topic was made anew") == true)
        #expect(next.counters.lists == 0)
    }

    /// An open transaction, or one whose end has not come to the item log, hides what is there: no reason to reset anything.
    @Test func anItemLogThatIsLateIsWaitedFor() throws {
        let worker = try makeWorker()
        try learn(100, worker)
        try run(worker)
        let blocks = log.written.filter { $0.topic == .itemLog }
        log.topics.removeAll(.itemLog)
        log.hiddenItemsEnd = Int64(blocks.count)
        log.restart()
        var now: UInt64 = 0
        let next = try Worker(settings: WorkerSettings(), log: log, clock: { now })
        for time in [0, 20_000, 100_000] as [UInt64] {
            now = time
            try run(next)
            #expect(!next.isReady && next.restoring != nil)
        }
        for block in blocks { log.topics.append(.itemLog, 0, key: nil, value: block.value) }
        try run(next)
        #expect(next.isReady && next.items.table.hash() == worker.items.table.hash())
    }

    /// A record, or the end, that comes too early is none of this partition's turn: what lies before it would be passed over.
    @Test func whatComesBeforeItsPartitionIsResumedIsNotTaken() throws {
        let worker = try makeWorker()
        try learn(100, worker)
        let blocks = log.written.filter { $0.topic == .itemLog }
        log.topics.removeAll(.itemLog)
        log.hiddenItemsEnd = Int64(blocks.count)
        log.restart()
        let next = try makeWorker()
        try run(next)
        try #require(!next.isReady && next.partitions[0]?.position == 100)
        log.produceShop(20, from: 100)
        log.deliver(from: 110)
        log.changes = [.end(partition: 0, offset: 120)]
        try run(next)
        #expect(next.counters.events == 0 && next.partitions[0]?.position == 100)
        for block in blocks { log.topics.append(.itemLog, 0, key: nil, value: block.value) }
        try run(next)
        #expect(next.counters.events == 20 && next.partitions[0]?.position == 120)
    }
}
