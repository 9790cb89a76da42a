public import Pipeline

/// The leader's side of Kafka: the group that shares out the item log's single partition elects the leader; what it
/// publishes and how far it has come are one transaction with that group's standing.
public final class KafkaLeaderLog: LeaderLog {
    private let settings: KafkaEventLog.Settings
    private let consumer: GroupConsumer
    private let producer: Producer
    private let topics: [Producer.Topic]
    private let reading: KafkaTopicReading
    /// The embedded broker has no bounds.
    private let survey: TopicSurvey?
    private let messageBytes: Int
    private var leads = false
    private var isOpen = false
    private var isReady = false

    /// The leader's transactional id in a member of this name; it is the client's too, so that heirs know a leader that lives.
    static func transactionalID(_ name: String) -> String { name + ":leader" }

    /// Connects, and begins to join the group that elects the leader.
    public init(_ settings: KafkaEventLog.Settings) throws(LogError) {
        self.settings = settings
        let name = Self.transactionalID(settings.transactionalID)
        messageBytes = settings.client.messageBytesMax
        do throws(KafkaError) {
            var group = settings.client
            group["group.id"] = settings.topics.leaderGroup
            group["client.id"] = name
            if settings.isStatic, let id = settings.instanceID { group["group.instance.id"] = id }
            // One partition, which is never read through the group: a small member.
            group["queued.max.messages.kbytes"] = "1024"
            consumer = try GroupConsumer(group)
            if settings.memory == nil { try consumer.subscribe(to: [settings.topics[.itemLog]]) }
        } catch {
            throw LogError(error, doing: "connecting the leader")
        }
        reading = KafkaTopicReading(settings)
        survey = settings.memory == nil ? try TopicSurvey(settings) : nil
        do throws(KafkaError) {
            var producing = settings.client
            producing["client.id"] = name
            producing["message.max.bytes"] = "\(messageBytes)"
            if let survey { producing["batch.size"] = producing["batch.size"] ?? "\(survey.batchBytes)" }
            // Everything goes with the flush that follows: in one request, and not while it is still being made (`Producer.room`).
            producing["linger.ms"] = producing["linger.ms"] ?? "50"
            if settings.isTransactional {
                producing["transactional.id"] = name
                producing["transaction.timeout.ms"] = producing["transaction.timeout.ms"] ?? "5000"
            }
            producer = try Producer(producing)
            topics = producer.topics(settings.topics)
        } catch {
            throw LogError(error, doing: "connecting the leader")
        }
        leads = settings.memory != nil
    }

    public func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool {
        guard settings.memory == nil else {
            // With the internal topics in memory there is no other member, and nobody else to wait for.
            producer.poll(timeoutMilliseconds: Int32(timeoutMilliseconds))
            return true
        }
        producer.poll(timeoutMilliseconds: 0)
        do throws(KafkaError) {
            for event in consumer.poll(max: 1, timeoutMilliseconds: Int32(timeoutMilliseconds)).events {
                switch event {
                case .assigned(let places):
                    try consumer.completeAssignment(
                        places.map { PartitionOffset($0, PartitionOffset.end) }, paused: true)
                    if !places.isEmpty { leads = true }
                case .revoked(let places), .lost(let places):
                    if !places.isEmpty { leads = false }
                    try consumer.completeRevocation()
                case .failed(let error), .partitionFailed(_, let error):
                    if error.isFatal || error.isAboutRightsOrTopics { throw error }
                default: break
                }
            }
            if leads, settings.isTransactional, !isReady {
                try producer.initTransactions(timeoutMilliseconds: 20_000)
                isReady = true
            }
        } catch {
            throw LogError(error, doing: "leading \(settings.topics.leaderGroup)")
        }
        return leads
    }

    public func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        try reading.reader(topic, partition: partition, from: offset)
    }

    public func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { try reading.partitions(topic) }

    public func cataloguePositions() throws(LogError) -> [Int32: Int64] {
        var positions: [Int32: Int64] = [:]
        let places = try partitions(.catalogue).map { TopicPartition(settings.topics.catalogue, $0) }
        guard !places.isEmpty else { return [:] }
        do throws(KafkaError) {
            for found in try consumer.committed(places, timeoutMilliseconds: 30_000) where found.offset >= 0 {
                positions[found.place.partition] = found.offset
            }
        } catch {
            throw LogError(error, doing: "asking for the catalogue's position")
        }
        return positions
    }

    private var problem: LogError?

    public func bytesMax(_ topic: LogTopic) -> Int { survey?.bytesMax(topic) ?? messageBytes }

    public func add(_ record: borrowing OutputRecord) {
        if record.topic.isInternal, let memory = settings.memory {
            memory.append(
                record.topic, record.partition ?? 0, key: record.key.map(Array.init),
                value: record.value.map(Array.init))
            return
        }
        guard problem == nil else { return }
        do throws(LogError) {
            if settings.isTransactional, !isOpen {
                do throws(KafkaError) { try producer.beginTransaction() } catch {
                    throw LogError(error, doing: "beginning the leader's transaction")
                }
                isOpen = true
            }
            try producer.sendWaiting(
                topics[record.topic.rawValue], partition: record.partition, key: record.key, value: record.value,
                headers: record.headers.map { MessageHeader($0.name, bytes: $0.value) }, tag: 0)
        } catch {
            problem = error
        }
    }

    public func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError) {
        if let problem { throw problem }
        var offsets = catalogue.keys.sorted().map {
            PartitionOffset(settings.topics.catalogue, $0, catalogue[$0] ?? 0)
        }
        guard settings.isTransactional else {
            do throws(KafkaError) {
                try producer.flush(timeoutMilliseconds: 30_000)
                if let error = producer.takeFailure() { throw error }
                if !offsets.isEmpty, settings.memory == nil { try consumer.commit(offsets) }
            } catch {
                throw LogError(error, doing: "publishing as the leader")
            }
            return
        }
        guard isOpen || !offsets.isEmpty else { return }
        if !isOpen {
            do throws(KafkaError) { try producer.beginTransaction() } catch {
                throw LogError(error, doing: "beginning the leader's transaction")
            }
        }
        offsets.append(PartitionOffset(settings.topics[.itemLog], 0, itemsOffset))
        // All attempts together end before a shutdown gives up.
        let timeouts = TransactionTimeouts(flush: 1_500, offsets: 1_500, commit: 1_500, abort: 500)
        isOpen = false
        switch try producer.endTransaction(
            offsets, timeouts: timeouts, standing: { () throws(KafkaError) in try consumer.groupMetadata() }
        ).get() {
        case .committed: break
        // The leader starts over from what is committed, with a new producer.
        case .aborted(let reason): throw LogError(.retriable, "publishing as the leader: \(reason)")
        case .fenced(let reason): throw LogError(.fenced, "publishing as the leader: \(reason)")
        }
    }

    public func close() {
        if isOpen { try? producer.abortTransaction(timeoutMilliseconds: 2_000) }
        consumer.close(timeoutMilliseconds: 4_000)
    }
}
