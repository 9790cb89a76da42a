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
    private let stop = StopRequest()
    private let ready = StopRequest()
    private let finishing = StopRequest()
    private let finished = StopRequest()
    private let logger = Logger(label: "freshet.leader")
    private let leads = Atomic(false)
    private let trained = Mutex<Generation?>(nil)
    private let training = Mutex<Bool>(false)

    init(_ deployment: Deployment, worker: WorkerSettings, log: KafkaEventLog.Settings) {
        self.deployment = deployment
        self.worker = worker
        self.log = log
        var settings = Leader.Settings()
        settings.items = worker.items
        settings.fingerprint = worker.fingerprint
        settings.blend = worker.blend
        settings.rowsIntervalMilliseconds = deployment.milliseconds("publishing.related-interval")
        settings.publishesRows = worker.publishes
        self.settings = settings
    }

    /// The worker's state is complete: the leader's own restore would only have slowed it down.
    func begin() { ready.request() }

    func beginShutdown() {
        stop.request()
        ready.request()
    }

    /// Asks for what is due to be finished: training, rows, a snapshot. `isFinished` says when it is.
    func finish() {
        ready.request()
        finishing.request()
    }

    /// Whether this instance leads.
    var isLeading: Bool { leads.load(ordering: .relaxed) }

    var isFinished: Bool { finished.isRequested }

    func run() throws {
        defer { finished.request() }
        // This thread only (PRIO_PROCESS, 0): nothing that the leader does is waited for.
        setpriority(0, 0, 10)
        while !ready.wait(for: .seconds(1)) {}
        var failures = 0
        while !stop.isRequested {
            do {
                try lead()
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                failures += 1
                logger.warning("the leader starts over: \(error.message)")
                if stop.wait(for: min(.milliseconds(500) * failures, .seconds(10))) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message)
            }
        }
    }

    private func lead() throws {
        let kafka = try KafkaLeaderLog(log)
        defer {
            leads.store(false, ordering: .relaxed)
            kafka.close()
        }
        let leader = Leader(settings: settings, log: kafka)
        let logger = logger
        leader.notice = { logger.info("\($0)") }
        var trainedAt: UInt64 = 0
        var trainedEvents = 0
        var published: Generation?
        var askedAt = monotonicMilliseconds()
        while !stop.isRequested {
            let isBusy = try leader.step(timeoutMilliseconds: 20)
            leads.store(!leader.isFollower, ordering: .relaxed)
            if let generation = trained.withLock({ $0.take() }), !leader.isFollower {
                try leader.publish(generation)
                published = generation
            }
            let isTraining = training.withLock { $0 }
            if !isTraining, isDue(leader, after: trainedEvents, at: trainedAt) {
                trainedAt = monotonicMilliseconds()
                trainedEvents = leader.events
                // What was published may not have come back yet: the next number must not be taken twice.
                let earlier = [leader.latest, published].compactMap(\.self).max { $0.number < $1.number }
                train(after: earlier, events: leader.events)
            } else if finishing.isRequested, !isBusy, !isTraining, !trained.withLock({ $0 != nil }) {
                // A follower leaves what is due to the leader, but first it waits to be told whether it leads.
                if leader.isFollower {
                    if monotonicMilliseconds() - askedAt > 5_000 { return }
                } else if leader.isCaughtUp, !leader.hasRowsToPublish {
                    if leader.needsSnapshot { try leader.snapshot() }
                    return
                }
            }
            if !leader.isFollower { askedAt = monotonicMilliseconds() }
        }
    }

    private func isDue(_ leader: Leader, after trainedEvents: Int, at trainedAt: UInt64) -> Bool {
        guard deployment.configuration.bool("training.enabled"), leader.isCaughtUp else { return false }
        let events = leader.events
        guard events >= deployment.configuration.int("training.first-events") else { return false }
        // What was trained may not have come back through the topic yet.
        let known = max(trainedEvents, leader.latest?.manifest.events ?? 0)
        guard Double(events) >= Double(known) * (1 + deployment.configuration.double("training.growth")) else {
            return false
        }
        let pause = UInt64(deployment.milliseconds("training.interval"))
        return finishing.isRequested || trainedAt == 0 || monotonicMilliseconds() - trainedAt >= pause
    }

    /// Trains on a thread of its own at low priority; the result is picked up by the leader.
    private func train(after earlier: Generation?, events: Int) {
        training.withLock { $0 = true }
        let thread = Thread { [self] in
            defer { training.withLock { $0 = false } }
            // This thread only (PRIO_PROCESS, 0): Linux takes a thread's id for the process's.
            setpriority(0, 0, 10)
            do {
                try makeGeneration(after: earlier, events: events)
            } catch {
                logger.warning("training failed and will be tried again: \(error)")
            }
        }
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func makeGeneration(after earlier: Generation?, events: Int) throws {
        let began = monotonicMilliseconds()
        let stop = stop
        let reading = KafkaTopicReading(log)
        guard
            let histories = try TrainingReader.histories(
                reading, scale: worker.scale, decay: worker.decay, isCancelled: { stop.isRequested })
        else { return }
        var settings = TrainingSettings()
        settings.factors = deployment.configuration.int("training.factors")
        guard
            var generation = GenerationTrainer(settings: settings).train(
                histories, earlier: earlier, blend: worker.blend, isCancelled: { stop.isRequested })
        else { return }
        generation = generation.noting(events: events)
        let seconds = Double(monotonicMilliseconds() - began) / 1000
        logger.info(
            "generation \(generation.number) trained",
            metadata: [
                "users": "\(histories.userCount)", "items": "\(histories.items.count)",
                "seconds": "\(HumanFormat.fixed(seconds, digits: 2))",
            ])
        trained.withLock { $0 = generation }
    }
}
