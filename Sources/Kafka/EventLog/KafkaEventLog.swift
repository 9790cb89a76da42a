public import Pipeline

/// The pipeline's log on Kafka: a group consumer for input, a producer for output, readers beside the group.
///
/// With transactions everything appended between two commits is one of them, which a thread of its own flushes and commits
/// with the group's offsets (KIP-447). Without them a commit waits until every record appended
/// before it has been acknowledged, then commits the offsets.
public final class KafkaEventLog: EventLog {
    /// What the log connects to, and as whom.
    public struct Settings: Sendable {
        /// Bootstrap servers, security, and whatever else every client gets.
        public var client: KafkaSettings
        public var topics: TopicNames
        /// Whether output and offsets are committed in one transaction, so that readers of committed records see all of
        /// it or nothing (`processing.guarantee: exactly_once`).
        public var isTransactional: Bool
        /// Unset: a member for as long as it lives. Set: static membership, and a transactional id that stays.
        public var instanceID: String?
        /// Distinguishes the transactional ids of dynamic members.
        public var memberName: String
        /// Whether `instanceID` is also the group's `group.instance.id`, so that a quick restart begins no
        /// rebalance (KIP-345).
        public var isStatic: Bool
        /// Begins the transactional ids, too. Whoever only copies into a deployment's topics is no member of its workers' group.
        public var groupID: String
        /// Whether all topics must be there, and as many partitions of users as of events, before anything is sent.
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
            groupID = topics.application
        }

        /// How long output may wait to be written, in ms, where no transaction fences it: what is not written within the
        /// group's session must not be written at all, since another member may have taken over.
        public var writableMilliseconds: UInt64 {
            let session = client["session.timeout.ms"] ?? KafkaSettings.groupDefaults["session.timeout.ms"]
            return session.flatMap { UInt64($0) }.map { $0 * 8 / 10 } ?? 8_000
        }

        /// When the output gives all of it up at once, in ms: long before librdkafka drops the first record by itself. A round
        /// that serves the output for the last time just before then has as long again until it has to do so.
        var givesUpAfterMilliseconds: Int { Int(writableMilliseconds / 2) }

        /// Names the producers: under transactions the first one's id, which makes those of the others. Neither group nor
        /// instance may have a colon in its name, so that no two of them ever make the same id.
        public var transactionalID: String { "\(groupID):\(instanceID ?? memberName)" }

        /// For readers beside the group: librdkafka looks for the coordinator of some group even there, and where a
        /// cluster guards its groups it has to be one that this deployment may see.
        public var reading: KafkaSettings {
            var settings = client
            settings["group.id"] = settings["group.id"] ?? groupID
            return settings
        }
    }

    public let settings: Settings
    let consumer: GroupConsumer
    let output: any OutputPath
    let reading: KafkaTopicReading
    let offsets: StoredOffsets
    let survey: TopicSurvey?
    let waker = WakeQueue()
    /// Errors that may pass, said once each time they begin.
    public var warning: (String) -> Void = { _ in }
    var passing = PassingErrors()

    /// Connects and begins to join the group.
    /// - Throws: where the settings make no client, or what `requiresTopics` asks for is not there.
    public init(_ settings: Settings) throws(LogError) {
        self.settings = settings
        var producing = settings.client
        producing["client.id"] = settings.transactionalID
        producing["linger.ms"] = producing["linger.ms"] ?? "0"
        producing["message.max.bytes"] = producing["message.max.bytes"] ?? "\(KafkaSettings.messageBytesMax)"
        do throws(KafkaError) {
            var group = settings.client
            group["group.id"] = settings.groupID
            group["client.id"] = settings.transactionalID
            if settings.isStatic, let id = settings.instanceID { group["group.instance.id"] = id }
            group["fetch.wait.max.ms"] = group["fetch.wait.max.ms"] ?? "20"
            // Whoever reads has to move past what stands at a partition's end and is no record.
            group["enable.partition.eof"] = "true"
            consumer = try GroupConsumer(group)
            // Joining takes some round trips; what follows goes on meanwhile.
            try consumer.subscribe(to: [settings.topics.events])
        } catch {
            throw Self.connecting(error)
        }
        reading = KafkaTopicReading(settings)
        offsets = StoredOffsets(consumer, settings)
        // The embedded broker has no bounds.
        survey = settings.memory == nil ? try TopicSurvey(settings) : nil
        if settings.requiresTopics { try survey?.requireTopics(settings.topics) }
        do throws(KafkaError) {
            if let survey { producing["batch.size"] = producing["batch.size"] ?? "\(survey.batchBytes)" }
            // The last resort where the process stands still; while it runs, the output gives up before that.
            if !settings.isTransactional { producing["message.timeout.ms"] = "\(settings.writableMilliseconds)" }
            if settings.isTransactional {
                producing["transaction.timeout.ms"] = producing["transaction.timeout.ms"] ?? "5000"
                output = try TransactionalOutput(
                    producing, id: settings.transactionalID, consumer, settings.topics)
            } else {
                var gathering = producing
                // Nobody waits for what is not a list: one request takes a commit's records.
                gathering["linger.ms"] = settings.client["linger.ms"] ?? "5"
                output = AcknowledgedOutput(
                    lists: try Producer(producing), others: try Producer(gathering), consumer, settings.topics,
                    givesUpAfterMilliseconds: settings.givesUpAfterMilliseconds)
            }
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
    func checkPartitions(_ count: Int) throws(LogError) {
        guard settings.requiresTopics, let users = survey?.partitionCount(.users) else { return }
        try settings.topics.check(eventsPartitions: count, usersPartitions: users)
    }

    public var isTransactional: Bool { settings.isTransactional }

    public var isReachable: Bool { !consumer.isCutOff }

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
            record.topic, partition: record.partition, key: record.key, value: record.value,
            headers: record.headers.map { MessageHeader($0.name, bytes: $0.value) })
    }

    public func serve() { output.serve() }

    public func beginCommit(_ offsets: [Int32: Int64]) throws(LogError) {
        try output.beginCommit(offsets.keys.sorted().map { PartitionOffset(place($0), offsets[$0] ?? 0) })
    }

    public func outcome() throws(LogError) -> CommitOutcome? { try output.outcome() }

    public var hasSentOffsets: Bool { output.hasSentOffsets }

    public func waitForOutcome(timeoutMilliseconds: Int) throws(LogError) {
        try output.wait(milliseconds: timeoutMilliseconds)
    }

    public func abort() throws(LogError) { try output.abort() }

    /// Leaves the group; what is to be committed has been. Output ends first: what came in after the next owner of a
    /// partition has written its own would put an older state before it.
    public func close() {
        output.close()
        offsets.forgetAll()
        waker.end()
        consumer.close(timeoutMilliseconds: 4_000)
    }
}
