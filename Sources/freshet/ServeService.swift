import Events
import Foundation
import HTTPAPI
import Kafka
import Models
import Pipeline
import ServiceKit
import Synchronization

/// The service's working thread: a worker over Kafka, made again from what is committed when something passes by.
final class ServeService: Service {
    let name = "worker"
    private let deployment: Deployment
    private let settings: WorkerSettings
    private let log: KafkaEventLog.Settings
    private let stopsAtEnd: Bool
    /// Where the state is shown, if anybody looks.
    private let board: ServeBoard?
    private let lag: LagService?
    private let rekey: RekeyService?
    /// Where the lists' quality is drawn, if anybody wants a picture.
    private let chart: LiveChart?
    private let stop = Latch()
    private let logger = Logger(label: "freshet.worker")
    /// Does for all what one member does, where this instance stands for election.
    let leader: LeaderService?
    private let summary = Mutex<ServeSummary?>(nil)

    /// How long the last commit may take: whoever stops a process does not wait for long, and what is not committed is
    /// learnt again.
    private static let stopMilliseconds: UInt64 = 2_500
    private static let endMilliseconds: UInt64 = 30_000
    private static let usersFlushedAtStop = 20_000

    /// How often metrics are brought up to date.
    private static let metricsMilliseconds: UInt64 = 100

    init(
        _ deployment: Deployment, stopsAtEnd: Bool, board: ServeBoard? = nil, lag: LagService? = nil,
        rekey: RekeyService? = nil, chart: LiveChart? = nil
    ) throws {
        self.deployment = deployment
        self.board = board
        self.lag = lag
        self.rekey = rekey
        self.chart = chart
        self.stopsAtEnd = stopsAtEnd
        var settings = try deployment.workerSettings()
        var log = deployment.logSettings(isStatic: !stopsAtEnd)
        log.requiresTopics = true
        self.log = log
        // The next owner of a partition fences its last writer by this name.
        settings.writer = deployment.isTransactional ? log.transactionalID : ""
        settings.checkpointsValidMilliseconds = log.writableMilliseconds
        self.settings = settings
        leader =
            try deployment.roles().contains(.trainer)
            ? LeaderService(deployment, worker: settings, log: log, board: board) : nil
    }

    func beginShutdown() { stop.set() }

    /// What was done, once it is over.
    var result: ServeSummary? { summary.withLock { $0 } }

    func run() throws {
        var totals = WorkerCounters()
        var pause = RetryPause()
        // Whether there was anything to start over from.
        var hasConnected = false
        let guarantee = deployment.configuration.string("processing.guarantee")
        logger.info(
            "group \(deployment.topics.application) at \(deployment.bootstrap), \(guarantee), librdkafka \(LibraryVersion.linked)"
        )
        let metrics = board.map { ServeMetrics($0.registry) }
        // The end to stop at is that of the input: first all of it has to be where the worker reads.
        if stopsAtEnd { rekey?.waitUntilFinished(orStopped: stop) }
        while true {
            board?.beginRound()
            do {
                try work(&totals, metrics, &hasConnected)
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                guard !stop.isSet else { return }
                let reason = error.isUnreachable ? "broker_unreachable" : "restarting"
                board?.show(.notReady(reason: reason, detail: error.message))
                metrics?.startOver(standing)
                lag?.note([:])
                let advice = Self.advice(error, instanceID: deployment.configuration.optionalString("instance.id"))
                let what = hasConnected ? "starting over from what is committed" : "cannot begin yet, trying again"
                logger.warning("\(what): \(error.message)\(advice)")
                if stop.wait(for: pause.next()) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message, exitCode: error.exitCode)
            }
        }
    }

    /// What may have fenced this process; a member without an `instance.id` has a name that no other one has.
    static func advice(_ error: LogError, instanceID: String?) -> String {
        guard error.kind == .fenced else { return "" }
        let isLate = "the broker ended a transaction that was open for too long"
        return instanceID == nil
            ? "; \(isLate), or another member has taken over"
            : "; does another process work under this instance.id? Each needs one of its own; or \(isLate)"
    }

    private func work(_ totals: inout WorkerCounters, _ metrics: ServeMetrics?, _ hasConnected: inout Bool) throws {
        let log = try KafkaEventLog(log)
        hasConnected = true
        defer { log.close() }
        let logger = logger
        log.warning = { logger.warning("\($0)") }
        if let problem = log.limitsProblem {
            logger.warning(
                "the topics' max.message.bytes are not known (\(problem)); Kafka's default is taken for them")
        }
        let worker = try Worker(settings: settings, log: log, clock: monotonicMilliseconds)
        worker.eventsTopicName = deployment.topics.events
        worker.admission.requiresKey = try log.partitionCount() > 1
        let topics = deployment.topics
        CrashNote.watch(
            partition: worker.handledPartition, offset: worker.handledOffset,
            before: "freshet ended while it read \(topics.events) at ",
            between: "; where that happens again and again, ingest.skip=",
            after: " leaves this record in \(topics.deadLetters)")
        defer { CrashNote.end() }
        worker.notice = { logger.info("\($0)") }
        let stop = stop
        worker.isStopped = { stop.isSet }
        worker.models.cache = leader?.generations
        worker.models.perform = { [unowned worker] work in
            // A start waits for its generation; later nobody does.
            let isWaitedFor = !worker.isReady
            Thread.detachNewThread {
                if !isWaitedFor { ThreadPriority.lower() }
                work()
            }
        }
        metrics?.begin(worker)
        defer {
            totals = totals + worker.settledCounters
            // Also of a worker that ends by an error.
            metrics?.update(worker, standing)
        }
        let end = stopsAtEnd ? try EndOfInput(log) : nil
        var isAtEnd = false
        var shownAt: UInt64 = 0
        var stopwatch = RoundStopwatch()
        var rejections = RejectionReport(deadLetters: deployment.topics.deadLetters)
        if metrics != nil { worker.waits = { stopwatch.waits(isOver: $0) } }
        while !stop.isSet {
            let round = try worker.step(timeoutMilliseconds: 10)
            board?.beginRound()
            if worker.isReady { leader?.begin() }
            show(worker, metrics, &shownAt, &rejections)
            if round.records > 0 { metrics?.batch(nanoseconds: stopwatch.lap()) } else { _ = stopwatch.lap() }
            if let end, !round.isBusy, try end.isReached(worker, log) {
                isAtEnd = true
                break
            }
        }
        // Where few users wait for a checkpoint, they get it now, and the next start has nothing to apply again.
        try finish(worker)
        if isAtEnd { isAtEnd = try finishWithLeader(worker, itemsOffset: try log.itemLogEnd()) }
        // Who was interrupted has no result: not all that was due is in it.
        if isAtEnd { summary.withLock { $0 = ServeSummary(totals + worker.counters, worker) } }
    }

    private var standing: LeaderService.Standing { leader?.standing ?? LeaderService.Standing() }

    /// The last commit; all users get their checkpoints, unless somebody waits for the process to end and there are many.
    private func finish(_ worker: Worker) throws {
        let isStopped = stop.isSet
        try worker.finish(
            flushesAll: !isStopped || worker.usersWithoutCheckpoint <= Self.usersFlushedAtStop,
            timeoutMilliseconds: isStopped ? Self.stopMilliseconds : Self.endMilliseconds, isOfEachCommit: !isStopped,
            isStopped: { !isStopped && stop.isSet })
    }

    /// Answers what was asked, and brings readiness and metrics up to date now and then.
    private func show(
        _ worker: Worker, _ metrics: ServeMetrics?, _ shownAt: inout UInt64, _ rejections: inout RejectionReport
    ) {
        board?.serve(worker)
        let now = monotonicMilliseconds()
        guard now - shownAt >= Self.metricsMilliseconds else { return }
        shownAt = now
        if let line = rejections.line(worker.counters.rejections, now: now) { logger.warning("\(line)") }
        leader?.note(worker.liveQuality)
        chart?.note(
            worker.liveQuality, events: worker.counters.events, generation: worker.serving?.generation.number)
        guard let board else { return }
        board.show(ServeBoard.readiness(of: worker))
        metrics?.update(worker, standing)
        lag?.note(worker.partitions.mapValues(\.position))
    }

    /// Folds the item log up to an offset, and lets the leader do so and finish what is due, serving its generation's lists
    /// meanwhile.
    /// - Returns: false when it was stopped before.
    private func finishWithLeader(_ worker: Worker, itemsOffset: Int64) throws -> Bool {
        leader?.finish(itemsOffset: itemsOffset)
        var isFinished = false
        while !stop.isSet, !isFinished {
            let wasFinished = (leader?.isFinished ?? true) && worker.items.offset >= itemsOffset
            let round = try worker.step(timeoutMilliseconds: 10)
            board?.beginRound()
            isFinished = wasFinished && !round.isBusy && !worker.hasPendingWork
        }
        try finish(worker)
        return isFinished
    }
}

/// How long a round worked: the time from the round before, without the waiting for records. A record that has come waits
/// no longer than that for its own round.
private struct RoundStopwatch {
    private var beganAt = DispatchTime.now().uptimeNanoseconds
    private var waitsSince: UInt64 = 0
    private var waited: UInt64 = 0

    mutating func waits(isOver: Bool) {
        let now = DispatchTime.now().uptimeNanoseconds
        if isOver { waited += now - waitsSince } else { waitsSince = now }
    }

    /// In nanoseconds; the next round begins.
    mutating func lap() -> UInt64 {
        let now = DispatchTime.now().uptimeNanoseconds
        defer { (beganAt, waited) = (now, 0) }
        return now - beganAt - waited
    }
}

/// The last line of `serve --stop-at-end`.
struct ServeSummary: Sendable {
    let counters: WorkerCounters
    let users: String
    let items: String

    init(_ counters: WorkerCounters, _ worker: Worker) {
        self.counters = counters
        users = worker.usersHash().hex
        items = worker.items.table.hash().hex
    }

    func json(seconds: Double, cpuSeconds: Double) -> String {
        """
        {"events": \(counters.events), "rejected": \(counters.rejected), "duplicates": \(counters.duplicates), \
        "lists": \(counters.lists), "seconds": \(HumanFormat.fixed(seconds, digits: 3)), \
        "cpu_seconds": \(HumanFormat.fixed(cpuSeconds, digits: 3)), "users": "\(users)", "items": "\(items)"}
        """
    }
}
