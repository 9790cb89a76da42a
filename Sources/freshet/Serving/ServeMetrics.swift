import Events
import Models
import Pipeline
import ServiceKit

/// The worker's counters and state as metrics, brought up to date between rounds: never an event at a time.
final class ServeMetrics {
    private let registry: MetricsRegistry
    private let events: Counter
    private let duplicates: Counter
    private let late: Counter
    private let clamped: Counter
    private let erased: Counter
    private let lists: Counter
    private let unchanged: Counter
    private let features: Counter
    private let tooLarge: Counter
    private let commits: Counter
    private let aborts: Counter
    private let users: Gauge
    private let items: Gauge
    private let partitions: Gauge
    private let restoring: Gauge
    private let itemsOffset: Gauge
    private let generation: Gauge
    private let generationAge: Gauge
    private let leader: LeaderMetrics
    private let judged: Counter
    private let commitAge: Gauge
    private let commitTime: Timer
    private let batchTime: Timer
    private var last = WorkerCounters()
    private var lastJudged = 0

    /// Closer to each other where a live batch's times lie.
    private static let batchBuckets: [Duration] =
        [
            100, 200, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 5_000, 7_000, 10_000, 15_000, 20_000,
            50_000,
            100_000, 200_000, 500_000, 1_000_000, 5_000_000, 30_000_000,
        ].map { .microseconds($0) }

    private static let hitRate = "freshet_live_hit_rate"
    private static let ndcg = "freshet_live_ndcg"
    private static let liveHelp = [
        hitRate: "HR@20 of this instance's lists by what each user did next: a decayed mean, in which a case weighs "
            + "half after \(Int(LiveQuality.halfLifeCases)) later ones; absent before the first case since the start.",
        ndcg: "NDCG@20 of the same cases, the same mean.",
    ]

    init(_ registry: MetricsRegistry = .shared) {
        self.registry = registry
        leader = LeaderMetrics(registry)
        func counter(_ name: String, _ help: String) -> Counter { Counter(label: name, help: help, registry: registry) }
        func gauge(_ name: String, _ help: String) -> Gauge { Gauge(label: name, help: help, registry: registry) }
        events = counter("freshet_events_total", "Events learnt.")
        duplicates = counter("freshet_duplicates_total", "Events that were learnt before, and left out.")
        late = counter("freshet_late_events_total", "Events learnt at their own time, before the latest of their user.")
        clamped = counter(
            "freshet_clamped_events_total", "Events learnt at their record's time, which was before their own.")
        erased = counter("freshet_users_erased_total", "Users erased on request.")
        lists = counter("freshet_lists_total", "Lists published: new ones and changed ones.")
        unchanged = counter("freshet_lists_unchanged_total", "Lists that came out as they were published before.")
        features = counter("freshet_user_feature_rows_total", "Rows of user features published.")
        tooLarge = counter("freshet_too_large_total", "Records that were larger than their topic takes, and were kept.")
        commits = counter("freshet_commits_total", "Commits of offsets, state and output.")
        aborts = counter("freshet_aborts_total", "Transactions that were aborted and sent again.")
        users = gauge("freshet_users", "Users in this instance's partitions.")
        items = gauge("freshet_items", "Items in the table.")
        partitions = gauge("freshet_partitions", "Partitions of the events topic that this instance has.")
        restoring = gauge("freshet_restoring_partitions", "Partitions that are being restored.")
        itemsOffset = gauge("freshet_item_log_offset", "The item table's place in the item log.")
        generation = gauge("freshet_generation_number", "The generation that lists are ranked with; 0 without one.")
        generationAge = gauge(
            "freshet_generation_age_events", "Events learnt since the served generation was trained.")
        judged = counter("freshet_live_cases_total", "Events that the user's last list was judged by.")
        commitAge = gauge(
            "freshet_commit_age_seconds",
            "Since when something has waited to be committed, 0 while nothing does; /ready fails at 15.")
        commitTime = Timer(
            label: "freshet_commit_seconds", help: "From a commit's beginning to its outcome.", registry: registry)
        batchTime = Timer(
            label: "freshet_batch_seconds", buckets: Self.batchBuckets,
            help: "A round with records, without the wait for them: folding, ranking, sending, what it takes up.",
            registry: registry)
        // Shown from the start, so that a rate has something to begin at.
        for code in RejectionCode.allCases { _ = rejected(code) }
    }

    /// Another worker begins to count from nothing.
    func begin(_ worker: Worker) {
        last = WorkerCounters()
        lastJudged = 0
        for name in Self.liveHelp.keys { registry.remove(name) }
        let commitTime = commitTime
        worker.committed = { commitTime.recordNanoseconds(Int64($0) * 1_000_000) }
    }

    func batch(nanoseconds: UInt64) { batchTime.recordNanoseconds(Int64(nanoseconds)) }

    func update(_ worker: Worker, _ standing: LeaderService.Standing) {
        let now = worker.counters
        events.increment(by: now.events - last.events)
        duplicates.increment(by: now.duplicates - last.duplicates)
        late.increment(by: now.late - last.late)
        clamped.increment(by: now.clamped - last.clamped)
        erased.increment(by: now.erased - last.erased)
        lists.increment(by: now.lists - last.lists)
        unchanged.increment(by: now.unchanged - last.unchanged)
        features.increment(by: now.features - last.features)
        tooLarge.increment(by: now.tooLarge - last.tooLarge)
        commits.increment(by: now.commits - last.commits)
        aborts.increment(by: now.aborts - last.aborts)
        if now.rejected != last.rejected {
            for (code, count) in now.rejections { rejected(code).increment(by: count - (last.rejections[code] ?? 0)) }
        }
        last = now
        users.record(worker.partitions.values.reduce(0) { $0 + $1.store.count })
        items.record(worker.items.table.liveCount)
        partitions.record(worker.partitions.count)
        restoring.record(worker.restoringCount)
        commitAge.record(Double(worker.commitAgeMilliseconds) / 1000)
        itemsOffset.record(Int(worker.items.offset))
        generation.record(worker.serving?.generation.number ?? 0)
        generationAge.record(worker.generationAge ?? 0)
        leader.update(standing)
        show(worker.liveQuality)
        judged.increment(by: worker.liveQuality.cases - lastJudged)
        lastJudged = worker.liveQuality.cases
    }

    /// Nothing before the first case: a mean of 0 after each start would look as if the lists had become worthless.
    private func show(_ quality: LiveQuality) {
        guard quality.cases > 0 else { return }
        for (name, value) in [(Self.hitRate, quality.hitRate), (Self.ndcg, quality.ndcg)] {
            Gauge(label: name, help: Self.liveHelp[name] ?? "", registry: registry).record(value)
        }
    }

    /// There is no worker for a while: what it had, another instance may have by now.
    func startOver(_ standing: LeaderService.Standing) {
        for gauge in [users, partitions, restoring, commitAge] { gauge.record(0) }
        leader.update(standing)
    }

    private func rejected(_ code: RejectionCode) -> Counter {
        Counter(
            label: "freshet_rejected_total", dimensions: [("reason", code.rawValue)],
            help: "Events sent to the dead letters, by reason.", registry: registry)
    }
}
