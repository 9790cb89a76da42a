public import Events
public import Models

/// The main loop's body: takes a batch of records, folds them, ranks the lists of their users, and commits offsets,
/// state and output together.
///
/// A worker belongs to one thread. `step` does one round and returns; nothing in it depends on the wall clock but the
/// pace of commits, which `clock` gives. After a thrown error the worker is void: make a new one, which restores from
/// what was committed.
public final class Worker {
    public let settings: WorkerSettings
    public let log: any EventLog
    /// This member's fold of the item log.
    public let items: ItemFold
    /// The partitions that this member has.
    public internal(set) var partitions: [Int32: PartitionTask] = [:]
    /// Whether the group has told this member what it has, be it nothing.
    public private(set) var isAssigned = false
    /// What this worker has done, committed or not.
    public internal(set) var counters = WorkerCounters()
    /// What the last commit with an outcome covers of them: after a start over, another worker does the rest again.
    public internal(set) var settledCounters = WorkerCounters()
    var countersInFlight = WorkerCounters()
    /// What users did next after the lists that this member made.
    public internal(set) var liveQuality = LiveQuality()
    /// The generation that lists are ranked with.
    public internal(set) var serving: ServingGeneration?
    /// The one that serves next, while its rows are being numbered.
    var coming: ServingGeneration?
    /// Says something worth a log line: restores, aborts.
    public var notice: (String) -> Void = { _ in }
    /// Is told in each round when it begins to wait for records, and when the first one has come: what lies between is no
    /// work.
    public var waits: (_ isOver: Bool) -> Void = { _ in }
    /// Whether somebody waits for the process to end, and so not for the outcome of a commit when partitions are lost.
    public var isStopped: () -> Bool = { false }
    /// Is told how long each commit took, in ms.
    public var committed: (UInt64) -> Void = { _ in }
    /// A monotonic clock in ms.
    let clock: () -> UInt64

    let window: EventWindow
    let fold: UserFold
    let codec: UserStateCodec
    let ranker: Ranker
    let encoder: ListEncoder
    var itemNumber = IdentifierTable.none
    /// Named in dead letters.
    public var eventsTopicName = "events"
    /// Whether keys must be user ids: so when the topic has several partitions.
    public var admission: EventAdmission {
        get { window.admission }
        set { window.admission = newValue }
    }

    /// The record that is being read or learnt, for a note where that ends the process; a negative offset stands for none.
    /// Never freed: whoever writes the note may come at any time.
    public let handledPartition = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    public let handledOffset = UnsafeMutablePointer<Int64>.allocate(capacity: 1)

    let userFeatures: UserFeatureBuilder
    /// Is told before a user's feature row is made, in the middle of a batch: for faults that a simulation plants.
    var rowBegins: () -> Void = {}

    // Item table and generations.
    var itemPhase: ItemPhase
    /// When the item table was moved forward last.
    var itemsMovedAt: UInt64 = 0
    /// Follows the models topic for the generation to serve.
    public var models: GenerationFollower
    var rankedItemsOffset: Int64 = -1
    /// Users to be ranked again because the generation is new, or an item of their list was withdrawn: first in, first
    /// out, and nobody twice.
    var rerank: [(partition: Int32, user: UserStore.User)] = []
    /// The last users who got a list; where there are as many as may be, the next one takes the oldest one's place.
    var activeUsers: [(partition: Int32, user: UserStore.User)] = []
    var oldestActiveUser = 0
    var rerankedAt: UInt64 = 0
    /// How long the last round ranked, in ms.
    var rankedMilliseconds: UInt64 = 0
    /// What a list took when that could be measured last; until then, about what it takes on two cores.
    var listMilliseconds = 0.1
    /// When records came last.
    private var recordsAt: UInt64 = 0

    /// When a restore's progress was said last.
    var restoreSaidAt: UInt64 = 0

    // Output and commit.
    let commit: OutputCommit
    var output: OutputBuffer { commit.output }
    var checkpointsEverything = false
    /// A block of the item log is closed at this size.
    let blockBytes: Int

    // Workspace of the ranking.
    let workspace = QueryWorkspace()
    let scratch = ByteWriter()

    /// - Parameter clock: monotonic, in ms; neither state nor lists depend on it.
    /// - Throws: a fatal error where the item log takes too little for a block of one event; what the log throws when
    ///   snapshots and generations begin to be read.
    public init(
        settings: WorkerSettings, log: any EventLog, clock: @escaping () -> UInt64
    ) throws(LogError) {
        self.settings = settings
        self.log = log
        self.clock = clock
        blockBytes = try Self.blockBytes(settings, log)
        let table = ItemTable(settings: settings.items)
        items = ItemFold(table: table)
        window = EventWindow(
            typeNames: settings.typeNames, admission: settings.admission, items: table.identifiers)
        fold = UserFold(settings: settings.user)
        codec = UserStateCodec(items: table.identifiers)
        userFeatures = UserFeatureBuilder(scale: settings.scale)
        ranker = Ranker(table: table, rules: settings.rules)
        encoder = ListEncoder(settings: settings)
        commit = OutputCommit(
            OutputCommit.Settings(
                intervalMilliseconds: settings.commitIntervalMilliseconds, pendingBytesMax: settings.pendingBytesMax,
                checkpointsValidMilliseconds: settings.checkpointsValidMilliseconds),
            log: log, clock: clock)
        handledPartition.initialize(to: 0)
        handledOffset.initialize(to: -1)
        itemPhase = .snapshots(
            try SnapshotCollector(for: items, fingerprint: settings.fingerprint) { (offset) throws(LogError) in
                try log.reader(.snapshots, partition: 0, from: offset)
            })
        models = try GenerationFollower { (offset) throws(LogError) in
            try log.reader(.models, partition: 0, from: offset)
        }
        models.notice = { [unowned self] in notice($0) }
    }

    /// Whether state is complete, so that lists can be made.
    public var isReady: Bool {
        itemPhase.isFollowing && models.hasCaughtUp && partitions.values.allSatisfy(\.isServing)
    }

    /// What one round did.
    public struct Round {
        /// Records that were delivered.
        public var records = 0
        /// How the assignment changed; answered already.
        public var changes: [GroupChange] = []
        /// Whether there may be more to do at once.
        public var isBusy = false
    }

    /// One round: outcome of the last commit, items, generation, restores, a batch of records, lists, the next commit.
    @discardableResult
    public func step(timeoutMilliseconds: Int) throws(LogError) -> Round {
        var round = Round()
        try collectOutcome()
        // Of what was kept back at the end of a long round.
        if isRoundLong { try beginCommitIfDue() }
        round.isBusy = try advanceItems()
        try advanceGeneration()
        if try advanceRestores() { round.isBusy = true }
        var wait = round.isBusy ? 0 : waitMilliseconds(min(timeoutMilliseconds, rankWaitMilliseconds))
        var wanted = recordsMax
        waits(false)
        repeat {
            let before = round.records
            round.changes += try log.poll(max: wanted, timeoutMilliseconds: wait) { record in
                if round.records == 0 { waits(true) }
                round.records += 1
                take(record)
            }
            foldWaiting()
            wait = 0
            wanted = round.records > before && !hasGroupChange(round) ? moreForBatch(round.records) : 0
        } while wanted > 0
        if round.records > 0 { recordsAt = clock() }
        for change in round.changes {
            if case .assigned = change { isAssigned = true }
            try apply(change)
        }
        try rankTouched()
        // A commit that has ended meanwhile makes room for the next one; else this round's transaction would be open until
        // the end of another one.
        if log.isTransactional { try collectOutcome() }
        try sendOutput()
        try beginCommitIfDue()
        if commit.isIdle, !hasUncommitted { commit.nothingWaits() }
        round.isBusy = round.isBusy || round.records > 0 || hasPendingRanks
        return round
    }

    /// No longer than until the next commit is due, or until there may be room for output that is held back.
    private func waitMilliseconds(_ most: Int) -> Int {
        let most = commit.isOpen && output.hasUnsent ? min(most, 1) : most
        guard commit.isIdle, hasUncommitted || areCheckpointsDue else { return most }
        // One that is due waits for acknowledgements.
        return min(most, max(1, Int(commit.dueIn)))
    }

    /// How long a round may wait for records where lists are due for another reason: beside events, until there are half as
    /// many as a batch takes.
    private var rankWaitMilliseconds: Int {
        guard hasPendingRanks else { return .max }
        guard coming == nil, hasLiveEvents(clock()) else { return 0 }
        return 1 + settings.reranksPerBatch * 500 / settings.reranksPerSecond
    }

    /// Whether events came a moment ago.
    func hasLiveEvents(_ now: UInt64) -> Bool { now < recordsAt + Self.liveMilliseconds }

    private static let liveMilliseconds: UInt64 = 200

    var hasPendingRanks: Bool {
        !rerank.isEmpty || coming != nil || partitions.values.contains { $0.isLive && $0.shortDue > 0 }
    }
}

/// How far the item table has come.
enum ItemPhase {
    /// Looking for the newest snapshot.
    case snapshots(SnapshotCollector)
    /// Folding the log for the first time, up to its end as it was at the start.
    case catchingUp(any LogReader, end: Int64)
    case following(any LogReader)

    var isFollowing: Bool {
        if case .following = self { true } else { false }
    }
}
