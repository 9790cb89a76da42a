import Kafka
import Testing

/// Groups on the embedded broker. It takes three seconds for the first member to join, and the session's timeout less
/// a second for each rebalance after that, so the timeout is as short here as the first wait permits.
struct EmbeddedGroupTests {
    private static let topic = "t"

    private static func broker() throws -> (EmbeddedBroker, KafkaSettings) {
        let broker = try EmbeddedBroker()
        try broker.createTopic(topic, partitions: 4)
        var settings = KafkaSettings(bootstrapServers: broker.bootstrapServers)
        settings["group.id"] = "g"
        settings["session.timeout.ms"] = "3500"
        settings["heartbeat.interval.ms"] = "100"
        let producer = try Producer(settings)
        for number in 0..<40 { try producer.send(topic, Int32(number % 4), value: "\(number)") }
        try producer.flush(timeoutMilliseconds: 10_000)
        return (broker, settings)
    }

    @Test func twoMembersShare() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker()
            let first = try Member(settings, topics: [Self.topic])
            try first.wait("all records") { $0.owned.count == 4 && $0.records.count == 40 }
            #expect(first.consumer.memberID?.isEmpty == false)

            let second = try Member(settings, topics: [Self.topic])
            try second.wait("a share") { $0.owned.count == 2 }
            try first.wait("the other share") { $0.owned.count == 2 }
            #expect(first.now.owned.isDisjoint(with: second.now.owned))
            let revoked = first.now.events.contains {
                if case .revoked(let partitions) = $0 { partitions.count == 2 } else { false }
            }
            #expect(revoked)

            #expect(second.close())
            #expect(first.close())
            withExtendedLifetime(broker) {}
        }
    }

    /// The answer to an event comes later, from outside librdkafka's callback; until then partitions stay ours.
    @Test func anAnswerMayTakeItsTime() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker()
            let consumer = try GroupConsumer(settings)
            try consumer.subscribe(to: [Self.topic])
            let assigned = try Self.awaitAssignment(consumer)
            #expect(assigned.count == 4)
            // Nothing flows before the answer.
            let early = consumer.poll(max: 100, timeoutMilliseconds: 300)
            #expect(early.isEmpty)
            try consumer.completeAssignment(assigned.map { PartitionOffset($0, 3) }, paused: true)
            #expect(throws: KafkaError.self) { try consumer.completeRevocation() }
            #expect(try consumer.assignment() == assigned.sorted())
            #expect(consumer.poll(max: 100, timeoutMilliseconds: 700).messages.isEmpty)

            // After the pause they start where the assignment said.
            try consumer.resume(assigned)
            var records: [Record] = []
            let deadline = Deadline(seconds: 10)
            while records.count < 28, !deadline.isOver {
                records += consumer.poll(max: 5, timeoutMilliseconds: 200).records
            }
            for place in assigned {
                #expect(records.filter { $0.place == place }.map(\.offset) == Array(3..<10))
            }

            // Resuming what is not paused must not deliver again.
            try consumer.resume(assigned)
            #expect(consumer.poll(max: 100, timeoutMilliseconds: 300).messages.isEmpty)

            try consumer.commit(assigned.map { PartitionOffset($0, 7) })
            let committed = try consumer.committed(assigned, timeoutMilliseconds: 5_000)
            #expect(Set(committed) == Set(assigned.map { PartitionOffset($0, 7) }))
            try Self.commitLater(consumer, PartitionOffset(assigned[0], 8))
            let marks = try consumer.queryWatermarks(assigned[0], timeoutMilliseconds: 5_000)
            #expect(marks.low == 0 && marks.high == 10)
            #expect(consumer.close(timeoutMilliseconds: 10_000))
            withExtendedLifetime(broker) {}
        }
    }

    /// Closing with an event unanswered must not hang.
    @Test func closingAnswersWhatWaits() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker()
            let consumer = try GroupConsumer(settings)
            try consumer.subscribe(to: [Self.topic])
            _ = try Self.awaitAssignment(consumer)
            #expect(consumer.close(timeoutMilliseconds: 5_000))
            withExtendedLifetime(broker) {}
        }
    }

    @Test func closingHasADeadline() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker()
            let consumer = try GroupConsumer(settings)
            try consumer.subscribe(to: [Self.topic])
            let assigned = try Self.awaitAssignment(consumer)
            try consumer.completeAssignment(assigned.map { PartitionOffset($0, 0) })
            try broker.setRoundTrip(milliseconds: 5_000)
            let start = ContinuousClock.now
            _ = consumer.close(timeoutMilliseconds: 300)
            #expect(ContinuousClock.now - start < .seconds(2))
        }
    }

    private static func commitLater(_ consumer: GroupConsumer, _ offset: PartitionOffset) throws {
        try consumer.commitLater([offset])
        // The answer needs no poll of records, and a record's poll takes none of it.
        #expect(consumer.takeCommitAnswers(timeoutMilliseconds: 5_000) == [CommitAnswer(offsets: [offset], error: nil)])
        #expect(consumer.takeCommitAnswers(timeoutMilliseconds: 0).isEmpty)
    }

    private static func awaitAssignment(_ consumer: GroupConsumer) throws -> [TopicPartition] {
        let deadline = Deadline(seconds: 15)
        while !deadline.isOver {
            for event in consumer.poll(max: 100, timeoutMilliseconds: 200).events {
                if case .assigned(let partitions) = event { return partitions }
            }
        }
        throw Overdue(what: "an assignment")
    }
}
