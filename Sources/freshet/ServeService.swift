import Events
import Foundation
import Kafka
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
    private let stop = StopRequest()
    private let logger = Logger(label: "freshet.worker")
    /// Does for all what one member does.
    let leader: LeaderService
    private let summary = Mutex<ServeSummary?>(nil)
    /// How soon after a failure the next attempt begins.
    private static let pause = Duration.milliseconds(500)

    init(_ deployment: Deployment, stopsAtEnd: Bool) throws {
        self.deployment = deployment
        self.stopsAtEnd = stopsAtEnd
        var settings = try deployment.workerSettings()
        log = deployment.logSettings(isStatic: !stopsAtEnd)
        // The next owner of a partition fences its last writer by this name.
        settings.writer = deployment.isTransactional ? log.transactionalID : ""
        self.settings = settings
        leader = LeaderService(deployment, worker: settings, log: log)
    }

    func beginShutdown() { stop.request() }

    /// What was done, once it is over.
    var result: ServeSummary? { summary.withLock { $0 } }

    func run() throws {
        var totals = WorkerCounters()
        var failures = 0
        while true {
            do {
                try work(&totals)
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                failures += 1
                guard !stop.isRequested else { return }
                logger.warning("starting over from what is committed: \(error.message)")
                if stop.wait(for: min(Self.pause * failures, .seconds(10))) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message)
            }
        }
    }

    private func work(_ totals: inout WorkerCounters) throws {
        let log = try KafkaEventLog(log)
        defer { log.close() }
        let logger = logger
        log.warning = { logger.warning("\($0)") }
        let worker = try Worker(settings: settings, log: log, clock: monotonicMilliseconds)
        worker.eventsTopicName = deployment.topics.events
        worker.admission.requiresKey = try log.partitionCount() > 1
        worker.notice = { logger.info("\($0)") }
        defer { totals = totals + worker.counters }
        let end = stopsAtEnd ? try EndOfInput(log) : nil
        while !stop.isRequested {
            let round = try worker.step(timeoutMilliseconds: 10)
            if worker.isReady { leader.begin() }
            if let end, !round.isBusy, try end.isReached(worker, log) { break }
        }
        try worker.finish(flushesAll: end != nil)
        if end != nil { try finishWithLeader(worker) }
        if end != nil { summary.withLock { $0 = ServeSummary(totals + worker.counters, worker) } }
    }

    /// Lets the leader finish what is due, serving its generation's lists meanwhile.
    private func finishWithLeader(_ worker: Worker) throws {
        leader.finish()
        while !stop.isRequested {
            let wasFinished = leader.isFinished
            let round = try worker.step(timeoutMilliseconds: 10)
            if wasFinished, !round.isBusy, !worker.hasPendingWork { break }
        }
        try worker.finish(flushesAll: true)
    }
}

/// Milliseconds of a clock that never goes back.
func monotonicMilliseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }

/// The topic's end as it was at the start, and whether the group has committed it.
final class EndOfInput {
    private let ends: [Int32: Int64]
    private var askedAt: UInt64 = 0

    init(_ log: KafkaEventLog) throws {
        ends = try log.endOffsets()
    }

    /// True when the group has committed the end of every partition and this member has nothing left to do.
    func isReached(_ worker: Worker, _ log: KafkaEventLog) throws -> Bool {
        guard worker.isReady, !worker.hasUncommitted, !worker.isCommitting, !worker.hasPendingWork else { return false }
        let mine = worker.partitions.keys.allSatisfy { (worker.partitions[$0]?.position ?? 0) >= (ends[$0] ?? 0) }
        let now = monotonicMilliseconds()
        guard mine || worker.partitions.isEmpty, now - askedAt >= 200 else { return false }
        askedAt = now
        let committed = try log.committedOffsets(Array(ends.keys))
        return ends.allSatisfy { $0.value == 0 || (committed[$0.key] ?? 0) >= $0.value }
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
