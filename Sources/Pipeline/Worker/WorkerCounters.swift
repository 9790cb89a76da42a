public import Events

/// What happened since the worker began.
public struct WorkerCounters: Sendable, Equatable {
    /// Events learnt.
    public var events = 0
    /// Records that cannot be learnt, whether or not dead letters are written.
    public var rejected = 0
    /// Records whose offset, or whose event's id, had been there.
    public var duplicates = 0
    /// Events that erase a user, counted among the learnt ones.
    public var erased = 0
    /// Events learnt at their own time, before the latest one of their user.
    public var late = 0
    /// Events learnt at their record's time, which was before their own.
    public var clamped = 0
    /// Lists that came out otherwise than before, whether or not they are published.
    public var lists = 0
    /// Lists that came out as they were published before.
    public var unchanged = 0
    /// Rows of user features.
    public var features = 0
    /// Commits that succeeded.
    public var commits = 0
    /// Transactions that were aborted.
    public var aborts = 0
    /// Lists, rows, dead letters and checkpoints that were larger than their topic takes.
    public var tooLarge = 0
    /// Of the rejected ones, by their reasons.
    public var rejections: [RejectionCode: Int] = [:]

    public init() {}

    public static func + (a: WorkerCounters, b: WorkerCounters) -> WorkerCounters {
        var sum = a
        sum.events += b.events
        sum.rejected += b.rejected
        sum.duplicates += b.duplicates
        sum.erased += b.erased
        sum.late += b.late
        sum.clamped += b.clamped
        sum.lists += b.lists
        sum.unchanged += b.unchanged
        sum.features += b.features
        sum.commits += b.commits
        sum.aborts += b.aborts
        sum.tooLarge += b.tooLarge
        sum.rejections.merge(b.rejections) { $0 + $1 }
        return sum
    }
}
