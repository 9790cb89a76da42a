import Events
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit
import Synchronization

/// The leader's thread and the trainer's: they run beside the worker and never hold it up.
final class LeaderService: Service {
    let name = "leader"
    let deployment: Deployment
    private let settings: Leader.Settings
    private let worker: WorkerSettings
    let log: KafkaEventLog.Settings
    /// Where it is seen that its rounds end, if anybody looks.
    private let board: ServeBoard?
    let stop = Latch()
    private let ready = Latch()
    private let finishing = Latch()
    private let finishOffset = Atomic<Int64>(0)
    private let finished = Latch()
    let logger = Logger(label: "freshet.leader")
    private let leads = Atomic(false)
    private let isAtWork = Atomic(false)
    let training = TrainingRun<GenerationTrial.Outcome>()
    /// What the worker serves need not be read and decoded once more.
    let generations = GenerationCache()
    private let promoted = Atomic(0)
    private let refused = Atomic(0)
    private static let snapshotMilliseconds: UInt64 = 3_600_000
    /// Who has not been told for so long that it leads is a follower.
    private static let electionMilliseconds: UInt64 = 5_000
    private let quality = Mutex(LiveQuality())
    private let rejections = Mutex<[RejectionCode: Int]>([:])

    /// - Throws: a `training.model` that is none.
    init(
        _ deployment: Deployment, worker: WorkerSettings, log: KafkaEventLog.Settings, board: ServeBoard? = nil
    ) throws {
        self.deployment = deployment
        self.board = board
        // What cannot be trained is said at the start, not when it is due.
        _ = try deployment.recipe(worker)
        self.worker = worker
        self.log = log
        var settings = Leader.Settings()
        settings.items = worker.items
        settings.fingerprint = worker.fingerprint
        settings.blend = worker.blend
        settings.relatedIntervalMilliseconds = deployment.milliseconds("publishing.related-interval")
        settings.featuresIntervalMilliseconds = deployment.milliseconds("features.interval")
        settings.publishesRows = worker.publishes
        settings.catalogueTopic = log.topics.catalogue
        self.settings = settings
    }

    /// The worker's state is complete: the leader's own restore would only have slowed it down.
    func begin() { ready.set() }

    func beginShutdown() {
        stop.set()
        ready.set()
    }

    /// Takes note of what users did with this instance's lists: a fall makes a training due.
    func note(_ quality: LiveQuality) { self.quality.withLock { $0 = quality } }

    /// Asks for what is due at an offset of the item log to be finished: training, rows, a snapshot. `isFinished` says when
    /// it is.
    func finish(itemsOffset: Int64) {
        finishOffset.store(itemsOffset, ordering: .releasing)
        ready.set()
        finishing.set()
    }

    /// Whether this instance leads.
    var isLeading: Bool { leads.load(ordering: .relaxed) }

    var isFinished: Bool { finished.isSet }

    /// What metrics tell of the leader's side.
    struct Standing: Sendable {
        var isLeading = false
        /// Whether this instance takes part in the election, as the leader or as one who stands by.
        var isAtWork = false
        var isTraining = false
        /// The share of the present training that is done; 0 without one.
        var trainingShare = 0.0
        /// Generations that this instance has promoted, and those that it has refused.
        var promoted = 0
        var refused = 0
        /// Records of the catalogue that this instance has put with the dead letters.
        var catalogueRejections: [RejectionCode: Int] = [:]
    }

    var standing: Standing {
        Standing(
            isLeading: isLeading, isAtWork: isAtWork.load(ordering: .relaxed),
            isTraining: training.isRunning, trainingShare: training.share,
            promoted: promoted.load(ordering: .relaxed), refused: refused.load(ordering: .relaxed),
            catalogueRejections: rejections.withLock { $0 })
    }

    func run() throws {
        defer { finished.set() }
        ThreadPriority.lower()
        while !ready.wait(for: .seconds(1)) {}
        var pause = RetryPause()
        // Whoever starts over still knows when it trained, and that what came of it was refused.
        var schedule = TrainingSchedule(deployment.trainingSchedule)
        defer { board?.endLeader() }
        while !stop.isSet {
            board?.beginLeaderRound()
            do {
                try lead(&schedule)
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                logger.warning("the leader starts over: \(error.message)")
                if stop.wait(for: pause.next()) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message, exitCode: error.exitCode)
            }
        }
    }

    private func lead(_ schedule: inout TrainingSchedule) throws {
        let kafka = try KafkaLeaderLog(log)
        defer {
            leads.store(false, ordering: .relaxed)
            isAtWork.store(false, ordering: .relaxed)
            kafka.close()
        }
        let leader = Leader(
            settings: settings, log: kafka, generations: generations, clock: monotonicMilliseconds)
        let logger = logger
        leader.notice = { logger.info("\($0)") }
        var pace = RowPace()
        var (heardAt, snapshotAt) = (monotonicMilliseconds(), monotonicMilliseconds())
        var counted: [RejectionCode: Int] = [:]
        var report = RejectionReport("records of the catalogue that say nothing", deadLetters: log.topics.deadLetters)
        while !stop.isSet {
            board?.beginLeaderRound()
            let isBusy = try leader.step(timeoutMilliseconds: 20, rowsMax: pace.rows(isHurried: finishing.isSet))
            leads.store(!leader.isFollower, ordering: .relaxed)
            isAtWork.store(true, ordering: .relaxed)
            let now = monotonicMilliseconds()
            note(rejections: &counted, of: leader)
            if let line = report.line(counted, now: now) { logger.warning("\(line)") }
            // A slow log may expire before there is enough of it for a snapshot.
            if !isBusy, now - snapshotAt >= Self.snapshotMilliseconds {
                snapshotAt = now
                if leader.needsSnapshot { try leader.snapshot() } else { try leader.keepPositions() }
            }
            if !leader.isFollower { heardAt = now }
            // A follower leaves what is due to the leader, but first it waits to be told whether it leads.
            let isElected = !leader.isFollower || now - heardAt > Self.electionMilliseconds
            try takeOver(leader, &schedule, isElected: isElected)
            schedule.note(quality.withLock { $0 })
            let mayTrain = leader.isCaughtUp && leader.isSettled && training.isIdle
            if mayTrain, let moment = momentToTrain(leader, &schedule, now: now) {
                train(beside: leader, moment)
            } else if isElected, !isBusy, try finish(leader) {
                return
            }
        }
    }

    /// Publishes what was trained, or gives it up.
    /// - Parameter isElected: whether it is known who leads.
    private func takeOver(_ leader: Leader, _ schedule: inout TrainingSchedule, isElected: Bool) throws {
        switch training.result {
        case nil: return
        case .failure?: schedule.fail()
        // Before it has caught up it does not know what is served, nor which number is free.
        case .success(let candidate)? where leader.isCaughtUp:
            if try leader.publish(candidate.generation, candidate.decision) {
                promoted.add(candidate.decision.isPromoted ? 1 : 0, ordering: .relaxed)
                refused.add(candidate.decision.isPromoted ? 0 : 1, ordering: .relaxed)
            } else {
                schedule.giveUp()
            }
        case .success?:
            guard leader.isFollower, isElected else { return }
            logger.info("a candidate is given up: another instance leads")
            schedule.giveUp()
        }
        training.clear()
    }

    /// Finishes what is due where the end is waited for; true when nothing is left to do.
    private func finish(_ leader: Leader) throws -> Bool {
        guard isToFinish(leader), training.isIdle else { return false }
        if leader.isFollower { return true }
        guard leader.isCaughtUp, leader.isSettled, !leader.hasRowsToPublish else { return false }
        if leader.needsSnapshot { try leader.snapshot() }
        return true
    }

    /// Adds what a leader has refused since it was last asked: another one begins to count from nothing.
    private func note(rejections counted: inout [RejectionCode: Int], of leader: Leader) {
        let now = leader.catalogueRejections
        guard now != counted else { return }
        rejections.withLock { [counted] sum in
            for (code, count) in now { sum[code, default: 0] += count - (counted[code] ?? 0) }
        }
        counted = now
    }

    /// Whether what is due now is to be finished: not before the leader's table is where the end was.
    func isToFinish(_ leader: Leader) -> Bool {
        guard finishing.isSet else { return false }
        return leader.isFollower || (leader.fold?.offset ?? 0) >= finishOffset.load(ordering: .acquiring)
    }
}
