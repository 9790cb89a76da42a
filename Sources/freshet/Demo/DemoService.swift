import Events
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit
import Synchronization

/// The demo's service: a worker over the embedded broker, on a thread of its own.
final class DemoService: Sendable {
    /// The state's hashes, at an offset of the item log.
    struct Hashes: Sendable, Equatable {
        var users: String
        var items: String
        var itemsOffset: Int64
    }

    private let deployment: Deployment
    private let memory: MemoryTopics
    private let board: DemoBoard
    private let stop = Latch()
    private let wantsHashes = Atomic(false)
    private let hashes = Mutex<Hashes?>(nil)
    private let ended = Latch()
    private let leader: LeaderService
    private let leaderEnded = Latch()

    init(_ deployment: Deployment, _ memory: MemoryTopics, _ board: DemoBoard) throws {
        self.deployment = deployment
        self.memory = memory
        self.board = board
        leader = try LeaderService(
            deployment, worker: try deployment.workerSettings(), log: Self.logSettings(deployment, memory))
    }

    func start() {
        startLeader()
        let thread = Thread { [self] in
            do { try work() } catch { board.with { $0.failure = "the service: \(error)" } }
            ended.set()
        }
        thread.name = "worker"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Trains in the background, as `serve` does.
    private func startLeader() {
        let thread = Thread { [self] in
            do { try leader.run() } catch { board.with { $0.failure = "the leader: \(error)" } }
            leaderEnded.set()
        }
        thread.name = "leader"
        thread.stackSize = 8 << 20
        thread.start()
    }

    func finish() {
        stop.set()
        leader.beginShutdown()
        ended.wait(for: .seconds(10))
        leaderEnded.wait(for: .seconds(10))
    }

    /// The hashes when everything sent so far is learnt and committed; nil if that does not happen in time.
    func quietHashes(timeoutSeconds: Double) -> Hashes? {
        wantsHashes.store(true, ordering: .releasing)
        let end = board.now + timeoutSeconds
        while board.now < end, board.with({ $0.failure }) == nil {
            if let found = hashes.withLock({ $0 }) { return found }
            if stop.wait(for: .milliseconds(20)) { return nil }
        }
        return nil
    }

    private func work() throws {
        let log = try KafkaEventLog(DemoService.logSettings(deployment, memory))
        defer { log.close() }
        let worker = try Worker(settings: try deployment.workerSettings(), log: log, clock: monotonicMilliseconds)
        worker.eventsTopicName = deployment.topics.events
        worker.admission.requiresKey = true
        var quietRounds = 0
        while !stop.isSet {
            let round = try worker.step(timeoutMilliseconds: 10)
            let taken = worker.partitions.values.reduce(0) { $0 + Int($1.position) }
            let counters = worker.counters
            let isReady = worker.isReady && !worker.partitions.isEmpty
            if worker.isReady { leader.begin() }
            let generation = worker.serving?.generation.number
            let isDone = board.with { state in
                state.taken = taken
                state.counters = counters
                state.isServiceReady = isReady
                state.generation = generation
                return isReady && taken >= state.sent
            }
            let isQuiet = isDone && !round.isBusy && !worker.hasUncommitted && !worker.isCommitting
            quietRounds = isQuiet ? quietRounds + 1 : 0
            // The item log is followed at the beginning of a round, so the second quiet one has all of it.
            if quietRounds >= 3, wantsHashes.exchange(false, ordering: .acquiring) {
                let found = Hashes(
                    users: worker.usersHash().hex, items: worker.items.table.hash().hex,
                    itemsOffset: worker.items.offset)
                hashes.withLock { $0 = found }
            }
        }
        try worker.finish(flushesAll: false)
    }

    /// The embedded broker answers an empty fetch when its time is up, and not when a record comes: so short a time that
    /// nobody waits for it.
    static func embeddedClient(_ deployment: Deployment) -> KafkaSettings {
        var settings = deployment.client
        settings["fetch.wait.max.ms"] = settings["fetch.wait.max.ms"] ?? "3"
        return settings
    }

    /// Public topics on the broker, internal ones in memory.
    static func logSettings(_ deployment: Deployment, _ memory: MemoryTopics) -> KafkaEventLog.Settings {
        var settings = KafkaEventLog.Settings(
            client: embeddedClient(deployment), topics: deployment.topics, isTransactional: false, instanceID: nil,
            memberName: "demo", isStatic: false)
        settings.memory = memory
        return settings
    }
}
