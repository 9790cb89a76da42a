public import Pipeline

/// A deployment's state as it is committed: every partition, without joining the group and without writing anything.
///
/// A worker over it restores as `serve` does, and then has nothing to do.
public final class KafkaStateLog: EventLog {
    private let settings: KafkaEventLog.Settings
    private let consumer: GroupConsumer
    /// Reads the deployment's other topics.
    public let reading: KafkaTopicReading
    private let partitions: [Int32]
    private var isAssigned = false

    /// Connects.
    /// - Throws: where there is no events topic, or the users topic has fewer partitions.
    public init(_ settings: KafkaEventLog.Settings) throws(LogError) {
        self.settings = settings
        reading = KafkaTopicReading(settings)
        partitions = try reading.partitions(.events)
        guard !partitions.isEmpty else {
            throw LogError(
                .fatal, "there is no topic \(settings.topics.events); `freshet topics create` makes what is missing")
        }
        let users = try reading.partitions(.users).count
        if users > 0 { try settings.topics.check(eventsPartitions: partitions.count, usersPartitions: users) }
        do throws(KafkaError) {
            var group = settings.client
            group["group.id"] = settings.topics.application
            consumer = try GroupConsumer(group)
        } catch {
            throw LogError(error, doing: "connecting")
        }
    }

    public var isTransactional: Bool { false }
    /// The partitions of the events topic, all of which are assigned by the first `poll`.
    public var partitionCount: Int { partitions.count }
    public var partitionNumbers: [Int32] { partitions }

    public func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange] {
        guard !isAssigned else { return [] }
        isAssigned = true
        return [.assigned(partitions)]
    }

    public func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        do throws(KafkaError) {
            return try consumer.storedOffset(place(partition))
        } catch {
            throw LogError(error, doing: "asking for the committed offsets of \(settings.topics.application)")
        }
    }

    /// The first offset that the log still has, and the one after its last record.
    public func bounds(_ partition: Int32) throws(LogError) -> (low: Int64, end: Int64) {
        do throws(KafkaError) {
            let marks = try consumer.queryWatermarks(place(partition), timeoutMilliseconds: 10_000)
            return (marks.low, marks.high)
        } catch {
            throw LogError(error, doing: "asking for the ends of \(settings.topics.events)")
        }
    }

    /// The first offset at or after a time; the end where no record is as late.
    public func offset(_ partition: Int32, atMilliseconds time: Int64) throws(LogError) -> Int64 {
        do throws(KafkaError) {
            let found = try consumer.offsets(
                atMilliseconds: [PartitionOffset(place(partition), time)], timeoutMilliseconds: 10_000)
            if let offset = found.first?.offset, offset >= 0 { return offset }
        } catch {
            throw LogError(error, doing: "looking for a time in \(settings.topics.events)")
        }
        return try bounds(partition).end
    }

    public func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        try reading.reader(topic, partition: partition, from: offset)
    }

    public func itemLogEnd() throws(LogError) -> Int64 { try settings.itemLogEnd() }

    private func place(_ partition: Int32) -> TopicPartition { TopicPartition(settings.topics.events, partition) }

    public func take(_ partitions: [Int32]) throws(LogError) {}
    public func resume(_ offsets: [Int32: Int64]) throws(LogError) {}
    public func release(_ partitions: [Int32]) throws(LogError) {}
    public var isOpen: Bool { false }
    public var room: Int { 0 }
    public func append(_ record: borrowing OutputRecord) throws(LogError) {}
    public func beginCommit(_ offsets: [Int32: Int64]) throws(LogError) {}
    public func outcome() throws(LogError) -> CommitOutcome? { nil }
    public func waitForOutcome(timeoutMilliseconds: Int) throws(LogError) {}
    public func abort() throws(LogError) {}
}
