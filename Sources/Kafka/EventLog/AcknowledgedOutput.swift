internal import Pipeline

/// At least once: a commit waits for the acknowledgement of every record that was appended before it, then commits the
/// offsets, as soon as the group is not just being joined. Records go on being appended meanwhile; each carries the number of
/// its epoch, and a commit waits for all epochs before it.
final class AcknowledgedOutput: OutputPath {
    private enum Phase {
        case idle
        case delivering(epoch: UInt64, [PartitionOffset])
        /// All records are written; the group does not take offsets yet.
        case delivered([PartitionOffset])
        case committing([PartitionOffset])
        case done
    }

    /// For lists, which people wait for. A broker answers the requests of a connection one by one: on that of everything
    /// else they would wait behind the checkpoints and rows of each commit.
    private let lists: Producer
    private let others: Producer
    private let producers: [Producer]
    private let consumer: GroupConsumer
    private let topics: [Producer.Topic]
    /// Records of up to a second between two commits.
    private struct Epoch {
        let began = ContinuousClock.now
        var outstanding = 0
    }

    /// Without those at the beginning that are acknowledged; the last one takes what is appended.
    private var epochs = [Epoch()]
    /// The number of the first of them.
    private var first: UInt64 = 1
    private let deadline: Duration
    private var phase = Phase.idle
    private var failure: LogError?

    /// - Parameter milliseconds: how long records may wait. After that all of them are given up at once: librdkafka times
    ///   them out one by one and goes on with the next, and the item log would have a gap.
    init(
        lists: Producer, others: Producer, _ consumer: GroupConsumer, _ names: TopicNames,
        givesUpAfterMilliseconds milliseconds: Int
    ) {
        self.lists = lists
        self.others = others
        producers = [lists, others]
        self.consumer = consumer
        topics = LogTopic.allCases.map { Self.sendsAtOnce($0) ? lists.topic(names[$0]) : others.topic(names[$0]) }
        deadline = .milliseconds(milliseconds)
    }

    var isOpen: Bool { true }

    func append(
        _ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader]
    ) throws(LogError) {
        // What comes after a lost record must not be written without it.
        if let failure { throw failure }
        if epochs[epochs.endIndex - 1].began.duration(to: .now) > .seconds(1) { epochs.append(Epoch()) }
        epochs[epochs.endIndex - 1].outstanding += 1
        let producer = Self.sendsAtOnce(topic) ? lists : others
        try producer.sendWaiting(
            topics[topic.rawValue], partition: partition, key: key, value: value, headers: headers, tag: last
        ) { () throws(LogError) in
            // Where nothing is written the queue may stay full for as long as it takes librdkafka to drop a record.
            serve()
            if let failure { throw failure }
        }
    }

    private static func sendsAtOnce(_ topic: LogTopic) -> Bool { topic == .recommendations || topic == .rekeyed }

    private var last: UInt64 { first + UInt64(epochs.count) - 1 }

    /// Without transactions output flows all the time and seldom piles up: held back until it is acknowledged, the slowest
    /// hundredth of lists came twice as late (measured).
    var room: Int { .max }

    func beginCommit(_ offsets: [PartitionOffset]) throws(LogError) {
        phase = .delivering(epoch: last, offsets)
        epochs.append(Epoch())
    }

    func outcome() throws(LogError) -> CommitOutcome? {
        serve()
        takeAnswers(timeoutMilliseconds: 0)
        if let failure { throw failure }
        switch phase {
        case .idle, .committing: return nil
        case .delivering(let epoch, let offsets):
            guard first > epoch else { return nil }
            guard !offsets.isEmpty else {
                phase = .idle
                return .committed
            }
            try commit(offsets)
            return nil
        case .delivered(let offsets):
            try commit(offsets)
            return nil
        case .done:
            phase = .idle
            return .committed
        }
    }

    var hasSentOffsets: Bool {
        switch phase {
        case .idle, .delivering, .delivered: false
        case .committing, .done: true
        }
    }

    /// Sends the offsets, unless the group is just being joined: then `outcome` tries again. A member that has lost its
    /// partitions has nothing to commit, and may never be told that it has joined.
    private func commit(_ offsets: [PartitionOffset]) throws(LogError) {
        phase = .delivered(offsets)
        if let error = consumer.fatalError { throw LogError(error, doing: "committing offsets") }
        guard !consumer.isAssignmentLost else {
            throw LogError(.retriable, "committing offsets: the group has given this member's partitions away")
        }
        guard !consumer.isJoining else { return }
        do throws(KafkaError) { try consumer.commitLater(offsets) } catch {
            throw LogError(error, doing: "committing offsets")
        }
        phase = .committing(offsets)
    }

    private func takeAnswers(timeoutMilliseconds: Int32) {
        guard case .committing(let offsets) = phase else { return }
        for answer in consumer.takeCommitAnswers(timeoutMilliseconds: timeoutMilliseconds) {
            switch answer.error {
            case nil: phase = .done
            case let error? where error.isRetriable || error.isOfAnotherGeneration: phase = .delivered(offsets)
            case let error?: failure = LogError(error, doing: "committing offsets")
            }
        }
    }

    func wait(milliseconds: Int) throws(LogError) {
        switch phase {
        case .idle, .done: break
        case .delivering, .delivered:
            // The reports of the other one are taken by `serve`.
            let slower = others.outstandingCount > 0 ? others : lists
            slower.poll(timeoutMilliseconds: Int32(milliseconds))
        case .committing: takeAnswers(timeoutMilliseconds: Int32(milliseconds))
        }
    }

    func abort() throws(LogError) {}

    func serve() {
        for producer in producers {
            producer.poll(timeoutMilliseconds: 0)
            for delivery in producer.takeDeliveries() {
                epochs[Int(delivery.tag - first)].outstanding -= 1
                if let error = delivery.error { fail(LogError(error, doing: "writing output")) }
            }
        }
        while epochs.count > 1, epochs[0].outstanding == 0 {
            epochs.removeFirst()
            first += 1
        }
        if epochs[0].outstanding > 0, epochs[0].began.duration(to: .now) > deadline {
            fail(LogError(.retriable, "writing output: records were not acknowledged for \(deadline)"))
        }
    }

    private func fail(_ error: LogError) {
        guard failure == nil else { return }
        failure = error
        // What was sent after the lost record must not come in without it: the item log would have a gap.
        for producer in producers { try? producer.purge(inFlight: true) }
    }

    func close() {
        for producer in producers where failure == nil { try? producer.flush(timeoutMilliseconds: 1_000) }
        // What is not written by now never is: the partitions are another member's.
        for producer in producers { try? producer.purge(inFlight: true) }
    }
}

extension KafkaError {
    /// The group was formed anew meanwhile: what was refused may be said again in the new one, by a member that is still in
    /// it. librdkafka before 2.10 has given up its partitions over it, as ``GroupConsumer/isAssignmentLost`` then says.
    fileprivate var isOfAnotherGeneration: Bool { code == .rebalanceInProgress || code == .illegalGeneration }
}
