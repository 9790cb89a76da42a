/// When to commit, as a state machine: one commit at a time, begun no sooner than an interval after the last one began.
///
///     idle ──begin──► running ──committed──► idle
///                        │
///                        ├──aborted──► aborted ──begin──► running     (the same records once more, when it is due)
///                        │                └──for too long──► void     (to start over from what is committed)
///                        └──fenced───► void
struct CommitCycle {
    enum State: Equatable {
        case idle
        case running
        /// Nothing of the last commit was written: it is to be repeated before anything else is committed.
        case aborted
        /// Nothing can be committed any more: another member has taken over, or repeating is of no use.
        case void(reason: String)
    }

    /// What the worker has to do about an outcome.
    enum Action: Equatable {
        case none
        /// Drop what was kept for a repetition, and write what waits for the commit.
        case settle
        /// Send the same records again.
        case repeatRecords(reason: String)
        case giveUp(reason: String)
        /// A new producer has to begin from what is committed.
        case startOver(reason: String)
    }

    /// Aborts without an end for so long are no accident that passes: a member that was expelled joins again, and a broker
    /// that was away settles what it missed, in less.
    static let abortedMillisecondsMax: UInt64 = 60_000

    private(set) var state = State.idle
    private(set) var begunAt: UInt64 = 0
    /// When the offsets had not been sent yet: once they are accepted, this member had its partitions then, or later.
    private(set) var ownedAt: UInt64 = 0
    /// What was there by then is committed, or there was nothing to commit.
    private(set) var coveredAt: UInt64 = 0
    /// When the records of the commit under way were taken together: a repetition sends those, and no newer ones.
    private var takenAt: UInt64 = 0
    /// Since when every commit was aborted.
    private var abortedSince: UInt64?
    /// Whether the last commit with an outcome was aborted, so that this one repeats it.
    var isRepeating: Bool { abortedSince != nil }
    let intervalMilliseconds: UInt64

    init(intervalMilliseconds: UInt64) { self.intervalMilliseconds = intervalMilliseconds }

    var isIdle: Bool { state == .idle }
    var isRunning: Bool { state == .running }

    /// Milliseconds until a commit may begin.
    func dueIn(now: UInt64) -> UInt64 {
        let due = begunAt + intervalMilliseconds
        return now >= due ? 0 : due - now
    }

    mutating func begin(now: UInt64) {
        precondition(state == .idle || state == .aborted, "a commit is begun when none is running")
        if state == .idle { takenAt = now }
        state = .running
        begunAt = now
        ownedAt = now
    }

    /// The offsets are still held back.
    mutating func isHeldBack(now: UInt64) {
        if state == .running { ownedAt = now }
    }

    /// Nothing is under way, and nothing is to be committed.
    mutating func nothingWaits(now: UInt64) { coveredAt = now }

    mutating func finish(_ outcome: CommitOutcome, now: UInt64) -> Action {
        guard state == .running else { return .none }
        switch outcome {
        case .committed:
            state = .idle
            coveredAt = takenAt
            abortedSince = nil
            return .settle
        case .aborted(let reason):
            let since = abortedSince ?? now
            abortedSince = since
            guard now - since < Self.abortedMillisecondsMax else {
                state = .void(reason: reason)
                return .startOver(reason: reason)
            }
            state = .aborted
            return .repeatRecords(reason: reason)
        case .fenced(let reason):
            state = .void(reason: reason)
            return .giveUp(reason: reason)
        }
    }
}
