/// Output on its way to the log, and the commits that cover it: one at a time, its records kept until it has an outcome, so
/// that the very same ones can be sent again.
///
///     output ──begin──► in flight ──committed──► gone
///                        ▲      └────aborted───► sent again, before what has been made meanwhile
///
/// Its user says when a commit begins, and acts on the outcomes as far as they concern more than output.
final class OutputCommit {
    struct Settings {
        /// From the beginning of one commit to that of the next, in ms.
        var intervalMilliseconds: UInt64
        /// Output that makes a commit due before its time.
        var pendingBytesMax = Int.max
        /// Checkpoints that could not be written for so long after their commit began are void, in ms.
        var checkpointsValidMilliseconds: UInt64 = 8_000
    }

    private let settings: Settings
    private let log: any EventLog
    private let clock: () -> UInt64
    private(set) var cycle: CommitCycle
    /// What has been made since the last commit began.
    private(set) var output = OutputBuffer()
    /// What the commit under way, or an aborted one, covers.
    private(set) var inFlight: OutputBuffer?
    private var spare = OutputBuffer()
    /// Checkpoints that wait for their commit, where there are no transactions.
    private let afterCommit = OutputBuffer()
    /// Whether such checkpoints may still be on their way.
    private var hasUnacknowledgedCheckpoints = false
    /// The next offset of each partition, as it is committed.
    private(set) var committed: [Int32: Int64] = [:]
    private var offsetsInFlight: [Int32: Int64] = [:]

    init(_ settings: Settings, log: any EventLog, clock: @escaping () -> UInt64) {
        self.settings = settings
        self.log = log
        self.clock = clock
        cycle = CommitCycle(intervalMilliseconds: settings.intervalMilliseconds)
    }

    var isIdle: Bool { cycle.isIdle }
    var isRunning: Bool { cycle.isRunning }
    var isDue: Bool { isIdle && (dueIn == 0 || output.memoryBytes >= settings.pendingBytesMax) }
    /// Milliseconds until a commit may begin.
    var dueIn: UInt64 { cycle.dueIn(now: clock()) }
    var hasUnsent: Bool { output.hasUnsent || afterCommit.hasUnsent }
    var hasUnsentCheckpoints: Bool { afterCommit.hasUnsent }
    /// What waits for a commit, for the end of the one under way, or to follow it.
    var memoryBytes: Int { output.memoryBytes + (inFlight?.memoryBytes ?? 0) + afterCommit.memoryBytes }
    /// Where checkpoints go: without transactions one must not be ahead of the committed offset.
    var checkpoints: OutputBuffer { log.isTransactional ? output : afterCommit }

    /// Nothing is under way, and nothing is to be committed.
    func nothingWaits() { cycle.nothingWaits(now: clock()) }

    /// Notes what is committed of a partition that is taken up; nil where nothing is, or it is not known any more.
    func note(_ partition: Int32, committed offset: Int64?) { committed[partition] = offset }

    // MARK: - Sending

    /// Whether output may go now. What an aborted transaction held has to go first again, else a partition's records would
    /// change places.
    var isOpen: Bool { log.isOpen && (!log.isTransactional || cycle.state != .aborted) }

    /// Sends what may go before the next commit.
    func send() throws(LogError) {
        guard isOpen else { return }
        // A transaction that is due to end waits for what is under way; then the rest goes at once.
        if !log.isTransactional || !isDue {
            // What nobody waits for goes shortly before the commit: lists wait while that is under way, and it has little
            // left to send.
            if isIdle, dueIn <= settings.intervalMilliseconds / 5, log.room == .max {
                try output.sendAll(to: log)
            } else if output.hasUnsent {
                try output.send(to: log, most: log.room)
            }
        }
        guard isIdle, !afterCommit.isEmpty else { return }
        guard clock() < cycle.ownedAt + settings.checkpointsValidMilliseconds else {
            throw LogError(
                .retriable,
                "this process stood still for a while: another member may have its partitions, and newer state")
        }
        try afterCommit.send(to: log)
        afterCommit.removeAll()
        hasUnacknowledgedCheckpoints = true
    }

    // MARK: - Committing

    /// Begins to commit what has been made, and these offsets.
    func begin(_ offsets: [Int32: Int64]) throws(LogError) {
        try output.sendAll(to: log)
        inFlight = output
        output = spare
        offsetsInFlight = offsets
        cycle.begin(now: clock())
        try log.beginCommit(offsets)
    }

    /// Takes the outcome of the commit under way, where it has one.
    func takeOutcome() throws(LogError) -> CommitCycle.Action {
        guard isRunning else { return .none }
        if !log.hasSentOffsets { cycle.isHeldBack(now: clock()) }
        guard let outcome = try log.outcome() else { return .none }
        let action = cycle.finish(outcome, now: clock())
        switch action {
        case .none, .giveUp, .startOver: break
        case .settle:
            for (partition, offset) in offsetsInFlight { committed[partition] = offset }
            if let done = inFlight {
                done.removeAll()
                spare = done
            }
            inFlight = nil
        case .repeatRecords:
            inFlight?.markUnsent()
            try abortOpen()
        }
        return action
    }

    /// Begins an aborted commit again, with the very same records, when it is due.
    func repeatAborted() throws(LogError) {
        guard cycle.state == .aborted, log.isOpen, dueIn == 0, let again = inFlight else { return }
        try again.sendAll(to: log)
        cycle.begin(now: clock())
        try log.beginCommit(offsetsInFlight)
    }

    /// Begins a commit of nothing, which ends when checkpoints that were sent after their commit are written.
    /// - Returns: false where there are none of them.
    func beginOfCheckpoints() throws(LogError) -> Bool {
        guard hasUnacknowledgedCheckpoints else { return false }
        // A commit waits for all records before it; of offsets there is nothing new.
        offsetsInFlight = [:]
        cycle.begin(now: clock())
        try log.beginCommit([:])
        return true
    }

    /// They are written.
    func checkpointsAreWritten() { hasUnacknowledgedCheckpoints = false }

    /// Throws the open transaction away, where there is one; its records are sent again.
    func abortOpen() throws(LogError) {
        guard log.isTransactional, output.hasSent else { return }
        try log.abort()
        output.markUnsent()
    }

    /// Waits until there may be an outcome.
    func wait(until deadline: UInt64, isStopped: () -> Bool = { false }) throws(LogError) {
        guard clock() < deadline else {
            throw LogError(.retriable, "a commit did not end in time; is the broker reachable?")
        }
        guard !isStopped() else { throw LogError(.retriable, "stopped before the last commit has ended") }
        try log.waitForOutcome(timeoutMilliseconds: 20)
    }

    /// Drops everything of partitions that this member no longer has.
    func drop(_ gone: [Int32]) {
        for partition in gone {
            committed[partition] = nil
            offsetsInFlight[partition] = nil
        }
        inFlight?.drop(gone)
        output.drop(gone)
        afterCommit.drop(gone)
    }
}
