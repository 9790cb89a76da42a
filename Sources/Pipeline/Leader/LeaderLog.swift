/// Topics as they are read beside any group.
public protocol TopicReading: AnyObject {
    /// Reads one partition of a topic, committed records only.
    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader

    /// The partitions of a topic; empty when there is no such topic.
    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32]
}

/// The log as the leader sees it: election, position and output of the one member that has the item log's partition.
///
/// It belongs to the leader's thread and may block; the worker does not wait for it.
public protocol LeaderLog: TopicReading {
    /// Whether this member leads; serves the group.
    func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool

    /// How far the catalogue has been taken over.
    func cataloguePositions() throws(LogError) -> [Int32: Int64]

    /// Adds a record to what `publish` sends.
    func add(_ record: borrowing OutputRecord)

    /// The most bytes that a record of a topic may have, key, value and headers together.
    func bytesMax(_ topic: LogTopic) throws(LogError) -> Int

    /// Sends what was added, all or nothing where there are transactions, with the positions in the item log and the
    /// catalogue. Fails when another member leads by now.
    func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError)
}

extension LeaderLog {
    /// No bound.
    public func bytesMax(_ topic: LogTopic) throws(LogError) -> Int { Int.max }
}
