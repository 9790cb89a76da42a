/// The log that the pipeline works on: Kafka in production, memory in the simulation.
///
/// The seam is synchronous and belongs to one thread: records and changes of assignment in, records and commits out. A
/// commit runs in the background; while it does, `isOpen` may be false for a time, and the caller keeps its output.
public protocol EventLog: AnyObject {
    /// Whether output, state and offsets are committed in one transaction.
    var isTransactional: Bool { get }

    /// False from the moment at which no broker can be reached, or the group has lost touch with this member, until a
    /// broker answers.
    var isReachable: Bool { get }

    // MARK: Input

    /// Delivers records of the assigned partitions, at most `max`, in the order of each partition's offsets, then says
    /// how the assignment changed. Waits up to the time-out when there is nothing. With `max` 0 nothing is delivered and no
    /// change is said: whoever takes no records is told of changes when it takes some again.
    func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange]

    /// The offset that the group has committed for a partition, once it is stable: nil while that is being found out,
    /// which may take as long as an orphaned transaction lives, or the partition has no leader. Where `lastWriter` names the
    /// transactional id of a member that is gone, it is fenced, which ends its transaction at once.
    func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset?

    /// Takes up assigned partitions; nothing of them is delivered before `resume`.
    func take(_ partitions: [Int32]) throws(LogError)

    /// Begins to deliver partitions that were taken up, from these offsets.
    func resume(_ offsets: [Int32: Int64]) throws(LogError)

    /// Gives up revoked partitions: what was to be committed of them has been.
    func release(_ partitions: [Int32]) throws(LogError)

    /// Reads a topic beside the group, committed records only.
    /// - Parameter offset: where to begin; −n begins n offsets before the present end.
    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader

    /// The present end of the item log, also of what committed readers do not see yet; 0 where they see all of it.
    func itemLogEnd() throws(LogError) -> Int64

    // MARK: Output

    /// Whether records can be appended now. While a commit is under way they belong to the next one, which can begin when
    /// this one has an outcome.
    var isOpen: Bool { get }

    /// How many records the log takes now without a delay for those that come after them. What has to go out at once, since a
    /// commit is to cover it, may be more.
    var room: Int { get }

    /// The most bytes that a record of a topic may have, key, value and headers together.
    func bytesMax(_ topic: LogTopic) -> Int

    /// Sends a record. In a transaction it counts with the commit that follows.
    func append(_ record: borrowing OutputRecord) throws(LogError)

    /// Looks after what was sent. Whoever works for long between two calls of `poll` or `outcome` calls this now and then: the
    /// log has to hear in time of records that are not written, or later ones may be written without them.
    func serve()

    /// Begins to commit: everything appended so far, and the group's position. `.committed`, `.aborted` or `.fenced` comes
    /// from `outcome` later. An aborted commit has written nothing and moved nothing; what was appended since it began is then
    /// to be thrown away too, by `abort`. After a fenced one nothing can be committed any more, and the caller's state is void.
    func beginCommit(_ offsets: [Int32: Int64]) throws(LogError)

    /// Whether the offsets of the commit under way may have been sent to the group. Until then it proves nothing about who
    /// has the partitions.
    var hasSentOffsets: Bool { get }

    /// What became of the commit that was begun: nil while it runs.
    func outcome() throws(LogError) -> CommitOutcome?

    /// Waits until a commit may have an outcome, at most the time-out.
    func waitForOutcome(timeoutMilliseconds: Int) throws(LogError)

    /// Throws away what was appended since the last commit, where the log has transactions.
    func abort() throws(LogError)
}

extension EventLog {
    /// For a log that is always there.
    public var isReachable: Bool { true }

    /// For a log that sends them as a commit begins.
    public var hasSentOffsets: Bool { true }

    /// Nothing is hidden from committed readers.
    public func itemLogEnd() throws(LogError) -> Int64 { 0 }

    /// Nothing to look after.
    public func serve() {}

    /// No bound.
    public func bytesMax(_ topic: LogTopic) -> Int { Int.max }
}
