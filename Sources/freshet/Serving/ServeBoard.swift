import HTTPAPI
import Pipeline
import ServiceKit
import Synchronization

/// What the worker's thread shows to the threads of the HTTP server: questions and answers, readiness, metrics.
final class ServeBoard: Sendable {
    enum Question: Sendable {
        case list(user: String)
        case userFeatures(user: String)
        case related(item: String)
        case itemFeatures(item: String)
        case popular

        var isAboutUser: Bool {
            switch self {
            // Whoever asks for it would else ask for a user's list, here.
            case .list, .userFeatures, .popular: true
            case .related, .itemFeatures: false
            }
        }
    }

    /// A request waits no longer for an answer.
    static let patience = Duration.milliseconds(250)

    /// So long after its last round a worker is not sent work any more, and so long after it the process cannot go on.
    static let roundMilliseconds: UInt64 = 5_000
    static let lifeMilliseconds: UInt64 = 60_000
    /// The same for the leader, which writes a snapshot or a generation in one round: that takes a slow broker minutes.
    static let leaderLifeMilliseconds: UInt64 = 300_000

    /// What was to be committed, and is not so long after the commit was due, may be held up for good.
    static let commitMilliseconds: UInt64 = 15_000

    let mailbox = Mailbox<Question, [UInt8]?>()
    let registry: MetricsRegistry
    /// Whether a worker answers here.
    private let hasWorker: Bool
    private let state = Mutex<Readiness>(.notReady(reason: "starting", detail: "the service is starting"))
    private let clock: @Sendable () -> UInt64
    /// When the last round, or the last attempt at beginning again, began; 0 before the first.
    private let roundAt = Atomic<UInt64>(0)
    /// The same of the leader's thread; 0 where there is none, and when it has ended.
    private let leaderRoundAt = Atomic<UInt64>(0)

    init(
        registry: MetricsRegistry = .shared, hasWorker: Bool = true,
        clock: @escaping @Sendable () -> UInt64 = monotonicMilliseconds
    ) {
        self.registry = registry
        self.hasWorker = hasWorker
        self.clock = clock
        registry.addProcessMetrics()
        registry.computed(
            gauge: "freshet_round_age_seconds",
            help: "Since the last round of work, or attempt at beginning again, began; /health fails at 60."
        ) { [weak self] in Double(self?.roundAge ?? 0) / 1000 }
        registry.computed(
            gauge: "freshet_leader_round_age_seconds",
            help: "The same of who stands for election; /health fails at 300."
        ) { [weak self] in Double(self?.leaderRoundAge ?? 0) / 1000 }
    }

    var readiness: Readiness {
        let shown = state.withLock { $0 }
        guard case .ready = shown, roundAge > Self.roundMilliseconds else { return shown }
        return .notReady(reason: "stalled", detail: stalled)
    }

    /// What is wrong where a thread does not come back; a broker that is away is no reason to restart it.
    var problem: String? {
        if roundAge > Self.lifeMilliseconds { return stalled }
        return leaderRoundAge > Self.leaderLifeMilliseconds
            ? "no round of the leader has ended for \(leaderRoundAge / 1000) s" : nil
    }

    private var stalled: String { "no round of work has ended for \(roundAge / 1000) s" }

    private var roundAge: UInt64 { age(since: roundAt.load(ordering: .relaxed)) }

    private var leaderRoundAge: UInt64 { age(since: leaderRoundAt.load(ordering: .relaxed)) }

    private func age(since began: UInt64) -> UInt64 {
        let now = clock()
        return began > 0 && now > began ? now - began : 0
    }

    /// For the working thread: it is alive.
    func beginRound() { roundAt.store(max(1, clock()), ordering: .relaxed) }

    /// For the leader's thread.
    func beginLeaderRound() { leaderRoundAt.store(max(1, clock()), ordering: .relaxed) }

    /// No round is due any more.
    func endLeader() { leaderRoundAt.store(0, ordering: .relaxed) }

    func show(_ readiness: Readiness) { state.withLock { $0 = readiness } }

    /// Answers what was asked, between two rounds. For the worker's thread.
    func serve(_ worker: Worker) { mailbox.serve { Self.answer($0, worker) } }

    static func readiness(of worker: Worker) -> Readiness {
        guard worker.log.isReachable else {
            return .notReady(reason: "broker_unreachable", detail: "no broker answers; the log says more")
        }
        if let restoring = worker.restoring { return .notReady(reason: "restoring", detail: restoring) }
        guard !worker.partitions.isEmpty else {
            return .notReady(reason: "no_partitions", detail: "this instance has no partition of the events topic")
        }
        let age = worker.commitAgeMilliseconds
        guard age <= commitMilliseconds + worker.settings.commitIntervalMilliseconds else {
            return .notReady(
                reason: "commits_stalled", detail: "nothing has been committed for \(age / 1000) s, though events wait")
        }
        return .ready
    }

    static func answer(_ question: Question, _ worker: Worker) -> [UInt8]? {
        switch question {
        case .list(var user): user.withUTF8 { worker.list(for: UnsafeRawBufferPointer($0)) }
        case .userFeatures(var user): user.withUTF8 { worker.featureRow(ofUser: UnsafeRawBufferPointer($0)) }
        case .related(var item): item.withUTF8 { worker.relatedItems(of: UnsafeRawBufferPointer($0)) }
        case .itemFeatures(var item): item.withUTF8 { worker.featureRow(ofItem: UnsafeRawBufferPointer($0)) }
        case .popular: worker.popularList()
        }
    }

    /// The routes of the HTTP port. Lookups wait for the worker, at most ``patience``.
    func router() -> Router {
        .standard(
            snapshots: Snapshots(
                recommendations: { id throws(SnapshotUnavailable) in try self.ask(.list(user: id)) },
                related: { id throws(SnapshotUnavailable) in try self.ask(.related(item: id)) },
                userFeatures: { id throws(SnapshotUnavailable) in try self.ask(.userFeatures(user: id)) },
                itemFeatures: { id throws(SnapshotUnavailable) in try self.ask(.itemFeatures(item: id)) },
                popular: { () throws(SnapshotUnavailable) in
                    guard let list = try self.ask(.popular) else {
                        throw SnapshotUnavailable("lists cannot be ranked yet")
                    }
                    return list
                }),
            readiness: { self.readiness }, health: { self.problem }, metrics: { self.registry.renderPrometheus() })
    }

    private static func isAnswered(_ question: Question, while reason: String) -> Bool {
        switch reason {
        case "commits_stalled": true
        // Items are known without any partition.
        case "no_partitions", "broker_unreachable": !question.isAboutUser
        default: false
        }
    }

    private func ask(_ question: Question) throws(SnapshotUnavailable) -> [UInt8]? {
        guard hasWorker else {
            throw SnapshotUnavailable("this instance only trains (instance.roles): ask one that is a worker")
        }
        if case .notReady(let reason, let detail) = readiness, !Self.isAnswered(question, while: reason) {
            throw SnapshotUnavailable(detail)
        }
        do throws(Mailbox<Question, [UInt8]?>.Late) {
            return try mailbox.ask(question, within: Self.patience)
        } catch {
            throw SnapshotUnavailable("the worker is busy with a round that takes longer than \(Self.patience)")
        }
    }
}
