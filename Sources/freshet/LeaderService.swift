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
    private let deployment: Deployment
    private let settings: Leader.Settings
    private let worker: WorkerSettings
    private let log: KafkaEventLog.Settings
    /// Where it is seen that its rounds end, if anybody looks.
    private let board: ServeBoard?
    private let stop = Latch()
    private let ready = Latch()
    private let finishing = Latch()
    private let finishOffset = Atomic<Int64>(0)
    private let finished = Latch()
    private let logger = Logger(label: "freshet.leader")
    private let leads = Atomic(false)
    private let isAtWork = Atomic(false)
    private let trained = Mutex<GenerationTrial.Outcome?>(nil)
    private let training = Mutex<Bool>(false)
    private let trainingFailed = Atomic(false)
    private let progress = Atomic(0)
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
            isTraining: training.withLock { $0 }, trainingShare: Double(progress.load(ordering: .relaxed)) / 1000,
            promoted: promoted.load(ordering: .relaxed), refused: refused.load(ordering: .relaxed),
            catalogueRejections: rejections.withLock { $0 })
    }

    func run() throws {
        defer { finished.set() }
        ThreadPriority.lower()
        while !ready.wait(for: .seconds(1)) {}
        var pause = RetryPause()
        defer { board?.endLeader() }
        while !stop.isSet {
            board?.beginLeaderRound()
            do {
                try lead()
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                logger.warning("the leader starts over: \(error.message)")
                if stop.wait(for: pause.next()) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message, exitCode: error.exitCode)
            }
        }
    }

    private func lead() throws {
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
        var schedule = TrainingSchedule(deployment.trainingSchedule)
        var askedAt = monotonicMilliseconds()
        var pace = RowPace()
        var snapshotAt = monotonicMilliseconds()
        var counted: [RejectionCode: Int] = [:]
        while !stop.isSet {
            board?.beginLeaderRound()
            let isBusy = try leader.step(timeoutMilliseconds: 20, rowsMax: pace.rows(isHurried: finishing.isSet))
            leads.store(!leader.isFollower, ordering: .relaxed)
            note(rejections: &counted, of: leader)
            isAtWork.store(true, ordering: .relaxed)
            // A slow log may expire before there is enough of it for a snapshot.
            if !isBusy, monotonicMilliseconds() - snapshotAt >= Self.snapshotMilliseconds {
                snapshotAt = monotonicMilliseconds()
                if leader.needsSnapshot { try leader.snapshot() } else { try leader.keepPositions() }
            }
            // Before that it does not know what is served, nor which number is free.
            if leader.isCaughtUp, let candidate = trained.withLock({ $0 }) {
                if try leader.publish(candidate.generation, candidate.decision) {
                    promoted.add(candidate.decision.isPromoted ? 1 : 0, ordering: .relaxed)
                    refused.add(candidate.decision.isPromoted ? 0 : 1, ordering: .relaxed)
                } else {
                    schedule.giveUp()
                }
                trained.withLock { $0 = nil }
            } else if leader.isFollower, monotonicMilliseconds() - askedAt > Self.electionMilliseconds,
                trained.withLock({ $0.take() }) != nil
            {
                logger.info("a candidate is given up: another instance leads")
                schedule.giveUp()
            }
            let isTraining = training.withLock { $0 }
            if trainingFailed.exchange(false, ordering: .relaxed) { schedule.fail() }
            schedule.note(quality.withLock { $0 })
            if !isTraining, beginTraining(leader, &schedule) {
                let descriptions = leader.fold.map { ItemDescriptions($0.table) } ?? ItemDescriptions()
                train(beside: leader.latest, descriptions, events: leader.events)
            } else if isToFinish(leader), !isBusy, !isTraining, leader.isFollower || leader.isSettled,
                !trained.withLock({ $0 != nil })
            {
                // A follower leaves what is due to the leader, but first it waits to be told whether it leads.
                if leader.isFollower {
                    if monotonicMilliseconds() - askedAt > Self.electionMilliseconds { return }
                } else if leader.isCaughtUp, !leader.hasRowsToPublish {
                    if leader.needsSnapshot { try leader.snapshot() }
                    return
                }
            }
            if !leader.isFollower { askedAt = monotonicMilliseconds() }
        }
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
    private func isToFinish(_ leader: Leader) -> Bool {
        guard finishing.isSet else { return false }
        return leader.isFollower || (leader.fold?.offset ?? 0) >= finishOffset.load(ordering: .acquiring)
    }

    /// Asks the schedule, and notes with it that a training begins; false where none is due.
    private func beginTraining(_ leader: Leader, _ schedule: inout TrainingSchedule) -> Bool {
        guard deployment.configuration.bool("training.enabled"), leader.isCaughtUp, leader.isSettled,
            !trained.withLock({ $0 != nil })
        else { return false }
        let moment = TrainingSchedule.Moment(
            now: monotonicMilliseconds(), events: leader.events, learnt: leader.learnt,
            generationEvents: leader.latest?.manifest.events, isHurried: isToFinish(leader))
        guard let reason = schedule.reason(moment) else { return false }
        schedule.begin(moment)
        logger.info("training begins: \(reason.text)", metadata: ["events": "\(leader.events)"])
        return true
    }

    /// Trains beside the leader's thread, which picks up what came of it.
    private func train(beside serving: Generation?, _ descriptions: ItemDescriptions, events: Int) {
        training.withLock { $0 = true }
        let thread = Thread { [self] in
            defer {
                progress.store(0, ordering: .relaxed)
                training.withLock { $0 = false }
            }
            do {
                try makeGeneration(beside: serving, descriptions, events: events)
            } catch {
                trainingFailed.store(true, ordering: .relaxed)
                logger.warning("training failed and will be tried again: \(error)")
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Trains a candidate and decides about it; both are published, whatever the decision.
    private func makeGeneration(
        beside serving: Generation?, _ descriptions: ItemDescriptions, events: Int
    ) throws {
        let began = monotonicMilliseconds()
        let job = TrainingJob(deployment: deployment, serving: serving, descriptions: descriptions)
        switch try outcome(of: job) {
        case nil: return
        case .refused(let refusal): logger.warning("training.model cannot be trained here: \(refusal)")
        case .trained(let generation, let decision, let size):
            let seconds = Double(monotonicMilliseconds() - began) / 1000
            logger.info(
                "a generation was trained: \(decision.reason.text)",
                metadata: [
                    "users": "\(size.users)", "items": "\(size.items)",
                    "seconds": "\(HumanFormat.fixed(seconds, digits: 2))",
                ])
            trained.withLock { $0 = (generation.noting(events: events), decision) }
        }
    }

    private func outcome(of job: TrainingJob) throws -> TrainingJob.Outcome? {
        let stop = stop
        let progress: (Double) -> Void = { [self] in self.progress.store(Int($0 * 1000), ordering: .relaxed) }
        // Topics in memory are this process's.
        guard log.memory == nil else {
            ThreadPriority.yieldToOthers()
            return try job.run(log, progress: progress, isCancelled: { stop.isSet })
        }
        return try TrainingProcess.run(job, progress: progress, isCancelled: { stop.isSet })
    }
}
