internal import Pipeline

/// How output and offsets are committed: in transactions, or after acknowledgement.
protocol OutputPath: AnyObject {
    var isOpen: Bool { get }
    func append(
        _ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader]
    ) throws(LogError)
    func beginCommit(_ offsets: [PartitionOffset]) throws(LogError)
    func outcome() throws(LogError) -> CommitOutcome?
    /// How many records can be sent so that none waits inside the client.
    var room: Int { get }
    /// Whether the offsets of the commit under way are on their way to the group.
    var hasSentOffsets: Bool { get }
    /// Waits until there may be an outcome, or reports where no commit is under way.
    func wait(milliseconds: Int) throws(LogError)
    func abort() throws(LogError)
    /// Serves delivery reports; gives up what has waited for too long.
    func serve()
    func close()
}

extension Producer {
    /// An idempotent producer has at most five unacknowledged records of a partition under way, and while another one waits
    /// for its turn, librdkafka's thread asks for it without a pause: a whole core, just when the broker is slow and lacks it.
    /// So no more are handed over than can go, or all at once where none is under way: those go in one request.
    var room: Int {
        let underWay = outstandingCount
        return underWay == 0 ? .max : max(0, Self.unacknowledgedMax - 1 - underWay)
    }

    /// `RD_KAFKA_IDEMP_MAX_INFLIGHT`, which librdkafka compares with the number of records.
    private static let unacknowledgedMax = 5

    /// The handles of all topics, by their raw values.
    func topics(_ names: TopicNames) -> [Topic] { LogTopic.allCases.map { topic(names[$0]) } }

    /// Sends a record, waiting where the queue is full, until `waits` throws.
    func sendWaiting(
        _ topic: Topic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader], tag: UInt64, waits: () throws(LogError) -> Void = {}
    ) throws(LogError) {
        while true {
            do throws(KafkaError) {
                let sent = try send(topic, partition: partition, key: key, value: value, headers: headers, tag: tag)
                guard sent == .queueFull else { return }
                poll(timeoutMilliseconds: 10)
                if let error = fatalError { throw error }
            } catch {
                throw LogError(error, doing: "sending")
            }
            try waits()
        }
    }
}

extension LogError {
    init(_ error: KafkaError, doing what: String) {
        let kind: Kind
        if error.isFenced {
            kind = .fenced
        } else if error.isAboutRightsOrTopics {
            kind = .fatal
        } else if error.isOutOfRange {
            kind = .state
        } else {
            kind = .retriable
        }
        var message = "\(what): \(error.description)"
        if error.isAboutTopics { message += "; `freshet topics create` makes what is missing" }
        if error.code == .messageTooLarge {
            message += "; raise the topic's max.message.bytes, or kafka.message.max.bytes where that is less"
        }
        if error.isOutOfRange {
            message +=
                "; what stood there is gone: `freshet replay` rebuilds from what is left, `freshet reset` starts anew"
        }
        self.init(kind, message, isUnreachable: KafkaError.Code.unreachable.contains(error.code))
    }
}

extension KafkaError {
    var isAboutTopics: Bool { [.unknownTopicOrPartition, .unknownTopic, .unknownPartition].contains(code) }

    /// The offset to read from is not there (any longer): librdkafka has stopped reading the partition. It says so with the
    /// first of the two where `auto.offset.reset` is `error`, whatever the broker called it.
    var isOutOfRange: Bool { code == .autoOffsetReset || code == .offsetOutOfRange }

    /// Errors that somebody has to mend.
    var isAboutRightsOrTopics: Bool { isAboutTopics || Code.unauthorized.contains(code) }
}
