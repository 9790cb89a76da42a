internal import Pipeline

/// Clients for reading beside the group, used again and again.
final class ReaderPool {
    private let settings: KafkaSettings
    private let log: KafkaLog?
    private var idle: [PartitionReader] = []

    init(_ settings: KafkaSettings, log: KafkaLog?) {
        self.settings = settings
        self.log = log
    }

    func take() throws(KafkaError) -> PartitionReader {
        if let known = idle.popLast() { return known }
        return try PartitionReader(settings, log: log)
    }

    func giveBack(_ reader: PartitionReader) {
        guard reader.fatalError == nil, idle.count < 8, (try? reader.unassign()) != nil else { return }
        idle.append(reader)
    }
}

/// Reads one partition of one topic, committed records only.
final class KafkaLogReader: LogReader {
    private let pool: ReaderPool
    private let reader: PartitionReader
    private let topic: LogTopic
    private let name: String
    private let partition: Int32
    private(set) var position: Int64
    /// The end is told once; it holds until further records come.
    private var isAtEnd = false

    init(_ pool: ReaderPool, _ topic: LogTopic, _ name: String, _ partition: Int32, from offset: Int64) throws(LogError)
    {
        self.pool = pool
        self.topic = topic
        self.name = name
        self.partition = partition
        position = offset
        do throws(KafkaError) {
            reader = try pool.take()
            let start = offset == 0 ? PartitionOffset.beginning : offset > 0 ? offset : PartitionOffset.tail(-offset)
            try reader.assign([PartitionOffset(name, partition, start)])
        } catch {
            throw LogError(error, doing: "reading \(name)")
        }
    }

    deinit { pool.giveBack(reader) }

    func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        let polled = reader.poll(max: max, timeoutMilliseconds: Int32(timeoutMilliseconds))
        for message in polled.messages {
            // A batch that was fetched for an earlier assignment of this client is not ours.
            guard message.partition == partition, polled.messages.topicNames[message.topic] == name else { continue }
            record(
                LogRecord(
                    topic: topic, partition: partition, offset: message.offset,
                    timestamp: message.timestampMilliseconds, key: message.key, value: message.value))
            position = message.offset + 1
            isAtEnd = false
        }
        polled.messages.destroy()
        for event in polled.events {
            switch event {
            case .endOfPartition(let end) where end.place == TopicPartition(name, partition):
                position = Swift.max(position, end.offset)
                isAtEnd = true
            case .partitionFailed(_, let error), .failed(let error):
                if error.isFatal || error.isAboutRightsOrTopics || error.code == .offsetOutOfRange {
                    throw LogError(error, doing: "reading \(name)[\(partition)] from \(position)")
                }
            default: break
            }
        }
        return isAtEnd
    }
}
