public import Pipeline

/// Writes what a replay rebuilt, and moves the group there: in one transaction where the deployment has them.
///
/// The transaction is the only one of its `transactional.id`, so a replay that is run again aborts what one that was killed
/// has left open. It holds back committed readers of the lists from the first list to its end.
public final class KafkaReplayOutput: ReplayOutput {
    private let settings: KafkaEventLog.Settings
    /// Of the deployment: a leader of the item log alone is a member of another group than the workers are.
    private let groups: [String]
    private let admin: Admin
    private let survey: TopicSurvey
    private var producer: Producer?
    private var topics: [Producer.Topic] = []
    private var isOpen = false
    private var transactionMilliseconds = 60_000

    /// A broker allows no more by default (`transaction.max.timeout.ms`).
    private static let transactionMillisecondsMax = 900_000

    /// - Parameter groups: those of the deployment, which must have no members while state is written.
    public init(_ settings: KafkaEventLog.Settings, groups: [String]) throws(LogError) {
        self.settings = settings
        self.groups = groups
        do throws(KafkaError) { admin = try Admin(settings.client) } catch {
            throw LogError(error, doing: "connecting")
        }
        survey = try TopicSurvey(settings)
    }

    deinit { abandon() }

    /// The first group with members: a replay must not write beside them.
    public func activeGroup() throws(LogError) -> (name: String, members: Int)? {
        do throws(KafkaError) { return try groupAtWork() } catch {
            throw LogError(error, doing: "asking for the members of \(groups.joined(separator: ", "))")
        }
    }

    private func groupAtWork() throws(KafkaError) -> (name: String, members: Int)? {
        let known = try admin.listGroups()
        for group in groups where known.contains(group) {
            let members = try admin.describeGroup(group).members.count
            if members > 0 { return (group, members) }
        }
        return nil
    }

    /// A transaction of no member is not fenced by the group: who joined meanwhile has begun elsewhere. Who joins after the
    /// offsets were added waits for them.
    private func checkNobodyJoined() throws(KafkaError) {
        if let group = try groupAtWork() {
            throw KafkaError(
                code: .groupNotEmpty, message: "members of the group \(group.name) began to work meanwhile")
        }
    }

    public func bytesMax(_ topic: LogTopic) -> Int { survey.bytesMax(topic) }

    public func begin(records: Int) throws(LogError) {
        // A millisecond a record is ten times what one takes.
        transactionMilliseconds = min(Self.transactionMillisecondsMax, 60_000 + records)
        do throws(KafkaError) {
            let producer = try makeProducer()
            if settings.isTransactional {
                try producer.beginTransaction()
                isOpen = true
            }
            topics = producer.topics(settings.topics)
            self.producer = producer
        } catch {
            throw LogError(error, doing: "beginning to write the rebuilt state")
        }
    }

    /// A producer that has ended whatever an earlier one of this id left.
    private func makeProducer() throws(KafkaError) -> Producer {
        var producing = settings.client
        producing["linger.ms"] = "20"
        producing["message.max.bytes"] = producing["message.max.bytes"] ?? "\(KafkaSettings.messageBytesMax)"
        producing["batch.size"] = producing["batch.size"] ?? "\(survey.batchBytes)"
        guard settings.isTransactional else { return try Producer(producing) }
        producing["transactional.id"] = settings.topics.application + "::replay"
        producing["transaction.timeout.ms"] = "\(transactionMilliseconds)"
        let producer = try Producer(producing)
        try producer.openTransactions()
        return producer
    }

    public func add(_ record: borrowing OutputRecord) throws(LogError) {
        try producer?.sendWaiting(
            topics[record.topic.rawValue], partition: record.partition, key: record.key, value: record.value,
            headers: record.headers.map { MessageHeader($0.name, bytes: $0.value) }, tag: 0)
    }

    public func finish(_ offsets: [Int32: Int64]) throws(LogError) {
        guard let producer else { return }
        do throws(KafkaError) {
            try producer.flush(timeoutMilliseconds: 120_000)
            if let error = producer.takeFailure() { throw error }
        } catch {
            throw LogError(error, doing: "writing the rebuilt state")
        }
        let places = offsets.keys.sorted().map { PartitionOffset(settings.topics.events, $0, offsets[$0] ?? 0) }
        let group = settings.topics.application
        guard settings.isTransactional else {
            // The broker refuses to move a group that has members.
            do throws(KafkaError) { return try admin.setGroupOffsets(group, places) } catch {
                throw LogError(error, doing: "moving the group \(group)")
            }
        }
        isOpen = false
        let timeouts = TransactionTimeouts(flush: 20_000, offsets: 20_000, commit: 60_000, abort: 10_000)
        switch try producer.endTransaction(
            places, timeouts: timeouts, standing: { () throws(KafkaError) in GroupMetadata(groupID: group) },
            permission: checkNobodyJoined
        ).get() {
        case .committed: break
        case .aborted(let reason), .fenced(let reason):
            throw LogError(.fatal, "committing the rebuilt state: \(reason); nothing was written")
        }
        // The broker says that it is committed before every partition shows it; the next one of this id waits for that.
        do throws(KafkaError) { _ = try makeProducer() } catch {
            throw LogError(error, doing: "waiting until the rebuilt state, which is committed, can be read everywhere")
        }
    }

    /// Aborts what is not finished, so that nobody waits for its end.
    public func abandon() {
        guard isOpen, let producer else { return }
        isOpen = false
        try? producer.abortTransaction(timeoutMilliseconds: 10_000)
    }

    // MARK: - What is there

    public func itemLogEnd() throws(LogError) -> Int64 { try end(.itemLog, 0) }

    /// Whether a topic of state holds records that a rebuilt state would mix with.
    public func holdsRecords(_ topic: LogTopic) throws(LogError) -> Bool {
        for partition in try KafkaTopicReading(settings).partitions(topic) where try end(topic, partition) > 0 {
            return true
        }
        return false
    }

    private func end(_ topic: LogTopic, _ partition: Int32) throws(LogError) -> Int64 {
        do throws(KafkaError) {
            let reader = try PartitionReader(settings.reading)
            return try reader.queryWatermarks(
                TopicPartition(settings.topics[topic], partition), timeoutMilliseconds: 10_000
            ).high
        } catch {
            throw LogError(error, doing: "asking for the end of \(settings.topics[topic])")
        }
    }
}
