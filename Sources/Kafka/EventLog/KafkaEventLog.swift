internal import Dispatch
public import Pipeline

/// The pipeline's log on Kafka: a group consumer for input, a producer for output, readers beside the group.
///
/// With a `transactional.id` everything appended between two commits is one transaction, which a thread of its own
/// flushes and commits with the group's offsets (KIP-447). Without one a commit waits until every record appended
/// before it has been acknowledged, then commits the offsets.
public final class KafkaEventLog: EventLog {
    public struct Settings: Sendable {
        /// Bootstrap servers, security, and whatever else every client gets.
        public var client: KafkaSettings
        public var topics: TopicNames
        public var isTransactional: Bool
        /// Unset: a member for as long as it lives. Set: static membership, and a transactional id that stays.
        public var instanceID: String?
        /// Distinguishes the transactional ids of dynamic members.
        public var memberName: String
        public var isStatic: Bool
        /// Whether all topics must be there before anything is sent.
        public var requiresTopics = false
        /// Internal topics in memory, where the broker is embedded.
        public var memory: MemoryTopics?

        public init(
            client: KafkaSettings, topics: TopicNames, isTransactional: Bool, instanceID: String?, memberName: String,
            isStatic: Bool
        ) {
            self.client = client
            self.topics = topics
            self.isTransactional = isTransactional
            self.instanceID = instanceID
            self.memberName = memberName
            self.isStatic = isStatic
        }

        public var transactionalID: String { topics.application + "-" + (instanceID ?? memberName) }

        /// For readers beside the group: librdkafka looks for the coordinator of some group even there, and where a
        /// cluster guards its groups it has to be one that this deployment may see.
        public var reading: KafkaSettings {
            var settings = client
            settings["group.id"] = settings["group.id"] ?? topics.application
            return settings
        }
    }

    public let settings: Settings
    let consumer: GroupConsumer
    let output: any OutputPath
    let topics: [Producer.Topic]
    private let pool: ReaderPool
    private let offsets: StoredOffsets
    private let survey: TopicSurvey?
    private let waker = DispatchQueue(label: "freshet.wake")
    /// Errors that may pass, said once each time they begin.
    public var warning: (String) -> Void = { _ in }

    public init(_ settings: Settings, log: KafkaLog? = nil) throws(LogError) {
        self.settings = settings
        var producing = settings.client
        producing["client.id"] = settings.transactionalID
        producing["linger.ms"] = producing["linger.ms"] ?? "0"
        producing["message.max.bytes"] = producing["message.max.bytes"] ?? "8000000"
        do throws(KafkaError) {
            var group = settings.client
            group["group.id"] = settings.topics.application
            group["client.id"] = settings.transactionalID
            if settings.isStatic, let id = settings.instanceID { group["group.instance.id"] = id }
            group["fetch.wait.max.ms"] = group["fetch.wait.max.ms"] ?? "20"
            consumer = try GroupConsumer(group, log: log)
            // Joining takes some round trips; what follows goes on meanwhile.
            try consumer.subscribe(to: [settings.topics.events])
            pool = ReaderPool(settings.reading, log: log)
            offsets = StoredOffsets(consumer, settings, log: log)
        } catch {
            throw Self.connecting(error)
        }
        let messageBytes = producing["message.max.bytes"].flatMap { Int($0) } ?? 8_000_000
        // The embedded broker has no bounds.
        survey = settings.memory == nil ? try TopicSurvey(settings, messageBytes: messageBytes, log: log) : nil
        if settings.requiresTopics { try survey?.requireTopics(settings.topics) }
        do throws(KafkaError) {
            if let survey { producing["batch.size"] = producing["batch.size"] ?? "\(survey.batchBytes)" }
            // What is not written within the session must not be written at all: another member may have taken over.
            producing["message.timeout.ms"] =
                producing["message.timeout.ms"] ?? (settings.isTransactional ? nil : "8000")
            if settings.isTransactional {
                producing["transactional.id"] = settings.transactionalID
                producing["transaction.timeout.ms"] = producing["transaction.timeout.ms"] ?? "5000"
            }
            let producer = try Producer(producing, log: log)
            topics = LogTopic.allCases.map { producer.topic(settings.topics[$0]) }
            output =
                settings.isTransactional
                ? try TransactionalOutput(producer, consumer) : AcknowledgedOutput(producer, consumer)
        } catch {
            throw Self.connecting(error)
        }
        try checkPartitions(survey?.partitionCount(.events) ?? 0)
    }

    /// A client that cannot be made as it is configured never can.
    private static func connecting(_ error: KafkaError) -> LogError {
        guard error.code == .invalidArgument else { return LogError(error, doing: "connecting") }
        return LogError(.fatal, "the kafka.* settings make no client: \(error.message)")
    }

    /// Partitions that the users topic does not have cannot be worked on.
    private func checkPartitions(_ count: Int) throws(LogError) {
        guard let users = survey?.partitionCount(.users) else { return }
        try settings.topics.check(eventsPartitions: count, usersPartitions: users)
    }

    public var isTransactional: Bool { settings.isTransactional }

    // MARK: - Input

    public func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange] {
        output.serve()
        guard max > 0 else {
            try output.wait(milliseconds: Swift.min(timeoutMilliseconds + 1, 5))
            return []
        }
        let polled = consumer.poll(max: max, timeoutMilliseconds: Int32(timeoutMilliseconds))
        for message in polled.messages {
            deliver(message, record)
        }
        polled.messages.destroy()
        var changes: [GroupChange] = []
        for event in polled.events {
            switch event {
            case .assigned(let places):
                try checkPartitions(Int(places.map(\.partition).max() ?? -1) + 1)
                changes.append(.assigned(places.map(\.partition)))
            case .revoked(let places): changes.append(.revoked(places.map(\.partition)))
            case .lost(let places): changes.append(.lost(places.map(\.partition)))
            case .endOfPartition(let end): changes.append(.end(partition: end.place.partition, offset: end.offset))
            case .committed(let offsets, let error): output.offsetsCommitted(offsets, error)
            case .partitionFailed(_, let error), .failed(let error):
                guard error.isFatal || error.isOutOfRange || error.isAboutRightsOrTopics else {
                    warning(error.description)
                    continue
                }
                throw LogError(error, doing: "reading \(settings.topics.events)")
            }
        }
        return changes
    }

    private func deliver(_ message: Message, _ record: (borrowing LogRecord) -> Void) {
        withUnsafeBytes(of: message) { bytes in
            record(
                LogRecord(
                    topic: .events, partition: message.partition, offset: message.offset,
                    timestamp: message.timestampMilliseconds, key: message.key, value: message.value,
                    handle: bytes.baseAddress, readHeaders: headersOfMessage))
        }
    }

    public func committedOffsets(_ partitions: [Int32]) throws(LogError) -> [Int32: Int64] {
        var found: [Int32: Int64] = [:]
        do throws(KafkaError) {
            // Stable offsets: the answer waits for an orphaned transaction, which the broker aborts by itself.
            for place in try consumer.committed(partitions.map(place), timeoutMilliseconds: 30_000)
            where place.offset >= 0 {
                found[place.place.partition] = place.offset
            }
        } catch {
            throw LogError(error, doing: "asking for the committed offsets of \(settings.topics.application)")
        }
        return found
    }

    public func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        try offsets.stored(partition, lastWriter: lastWriter)
    }

    public func bounds(_ partition: Int32) throws(LogError) -> (low: Int64, end: Int64) {
        do throws(KafkaError) {
            let marks = try consumer.queryWatermarks(place(partition), timeoutMilliseconds: 10_000)
            return (marks.low, marks.high)
        } catch {
            throw LogError(error, doing: "asking for the ends of \(settings.topics.events)")
        }
    }

    /// The partitions of the events topic.
    public func partitionCount() throws(LogError) -> Int {
        if let count = survey?.partitionCount(.events) { return count }
        return try endOffsets().count
    }

    /// The present end of each partition of the events topic, as committed readers see it.
    public func endOffsets() throws(LogError) -> [Int32: Int64] {
        let name = settings.topics.events
        do throws(KafkaError) {
            let admin = try Admin(settings.client)
            var ends: [Int32: Int64] = [:]
            for partition in try admin.describeTopic(name)?.partitions ?? [] {
                ends[partition.number] = try consumer.queryWatermarks(
                    TopicPartition(name, partition.number), timeoutMilliseconds: 10_000
                ).high
            }
            guard ends.isEmpty else { return ends }
        } catch {
            throw LogError(error, doing: "asking for the ends of \(name)")
        }
        throw LogError(.fatal, "there is no topic \(name); `freshet topics create` makes what is missing")
    }

    /// The present end of the item log, whoever is to see what lies before it: a commit that has just been confirmed may be
    /// hidden from committed readers for some moments.
    public func itemLogEnd() throws(LogError) -> Int64 {
        // In memory what was written is there.
        guard settings.memory == nil else { return 0 }
        let name = settings.topics[.itemLog]
        do throws(KafkaError) {
            var reading = settings.reading
            reading["isolation.level"] = "read_uncommitted"
            return try PartitionReader(reading).queryWatermarks(
                TopicPartition(name, 0), timeoutMilliseconds: 10_000
            ).high
        } catch {
            throw LogError(error, doing: "asking for the end of \(name)")
        }
    }

    public func take(_ partitions: [Int32]) throws(LogError) {
        do throws(KafkaError) {
            // Answered at once, paused: until then no partition flows, of this member's others neither.
            let starts = partitions.sorted().map { PartitionOffset(place($0), PartitionOffset.beginning) }
            try consumer.completeAssignment(starts, paused: true)
        } catch {
            throw LogError(error, doing: "taking up partitions")
        }
        wakeFetchers()
    }

    /// librdkafka stops all partitions while a rebalance is being answered, those too that stay, and its threads that fetch do
    /// not hear that they go on: they may sleep for another second. A question to the partitions' brokers wakes them; nobody
    /// waits for the answer. Asked twice, since the first question may come before the library has taken up the answer.
    private func wakeFetchers() {
        let consumer = consumer
        for delay in [0, 20] {
            waker.asyncAfter(deadline: .now() + .milliseconds(delay)) { consumer.wakeFetchers() }
        }
    }

    public func resume(_ offsets: [Int32: Int64]) throws(LogError) {
        let starts = offsets.keys.sorted().map { PartitionOffset(place($0), offsets[$0] ?? 0) }
        do throws(KafkaError) {
            try consumer.seek(starts, timeoutMilliseconds: 10_000)
            try consumer.resume(starts.map(\.place))
        } catch {
            throw LogError(error, doing: "resuming partitions")
        }
        wakeFetchers()
    }

    public func release(_ partitions: [Int32]) throws(LogError) {
        offsets.forget(partitions)
        do throws(KafkaError) { try consumer.completeRevocation() } catch {
            throw LogError(error, doing: "giving up partitions")
        }
        wakeFetchers()
    }

    public func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        if topic.isInternal, let memory = settings.memory {
            return MemoryReader(memory, topic, partition, from: offset)
        }
        return try KafkaLogReader(pool, topic, settings.topics[topic], partition, from: offset)
    }

    private func place(_ partition: Int32) -> TopicPartition { TopicPartition(settings.topics.events, partition) }

    // MARK: - Output

    public var isOpen: Bool { output.isOpen }

    public var room: Int { output.room }

    public func bytesMax(_ topic: LogTopic) -> Int { survey?.bytesMax(topic) ?? Int.max }

    /// Why the sizes that the topics take are not known, so that the usual ones are taken for theirs.
    public var limitsProblem: String? { survey?.problem?.description }

    public func append(_ record: borrowing OutputRecord) throws(LogError) {
        if record.topic.isInternal, let memory = settings.memory {
            memory.append(
                record.topic, record.partition ?? 0, key: record.key.map(Array.init),
                value: record.value.map(Array.init))
            return
        }
        try output.append(
            topics[record.topic.rawValue], partition: record.partition, key: record.key, value: record.value,
            headers: record.headers.map { MessageHeader($0.name, bytes: $0.value) })
    }

    public func beginCommit(_ offsets: [Int32: Int64]) throws(LogError) {
        try output.beginCommit(offsets.keys.sorted().map { PartitionOffset(place($0), offsets[$0] ?? 0) })
    }

    public func outcome() throws(LogError) -> CommitOutcome? { try output.outcome() }

    public func waitForOutcome(timeoutMilliseconds: Int) throws(LogError) {
        try output.wait(milliseconds: timeoutMilliseconds)
    }

    public func abort() throws(LogError) { try output.abort() }

    /// Leaves the group; what is to be committed has been. Output ends first: what came in after the next owner of a
    /// partition has written its own would put an older state before it.
    public func close() {
        output.close()
        consumer.close(timeoutMilliseconds: 3_000)
    }
}

private let headersOfMessage: @Sendable (UnsafeRawPointer) -> [(name: String, value: [UInt8]?)] = { handle in
    handle.load(as: Message.self).headers.map { ($0.name, $0.value.map(Array.init)) }
}
