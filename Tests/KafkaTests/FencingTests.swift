import Pipeline
import Testing

@testable import Kafka

/// The offsets of a partition are settled when its last writer's open transaction is ended, long before its time-out.
@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct FencingTests {
    /// What a dead member left open as the leader, which its workers' heirs end as well.
    private static func openLeader(of writer: String, _ client: KafkaSettings, _ topic: String) throws -> Producer {
        let producer = try Producer(
            client.merging([
                "transactional.id": KafkaLeaderLog.transactionalID(writer), "transaction.timeout.ms": "60000",
            ]))
        try producer.openTransactions()
        try producer.beginTransaction()
        try producer.send(topic, 0, key: "k", value: "leader")
        try producer.flush(timeoutMilliseconds: 20_000)
        return producer
    }

    /// Whether an heir of the writer's partition ends what was left open in a topic, within some seconds: an abort adds its
    /// marker to the partition.
    private static func heirEnds(
        _ topic: String, of writer: String, _ application: String, seconds: Double
    ) throws -> Bool {
        let client = try RealKafka.settings()
        let consumer = try GroupConsumer(client.merging(["group.id": application]))
        defer { consumer.close(timeoutMilliseconds: 5_000) }
        let offsets = StoredOffsets(consumer, settings(application, topic, client))
        let reader = try PartitionReader(client)
        let deadline = Deadline(seconds: seconds)
        while !deadline.isOver {
            _ = try offsets.stored(0, lastWriter: writer)
            if try reader.queryWatermarks(TopicPartition(topic, 0), timeoutMilliseconds: 10_000).high > 1 {
                return true
            }
            pause(milliseconds: 50)
        }
        return false
    }

    private static func settings(
        _ application: String, _ topic: String, _ client: KafkaSettings
    ) -> KafkaEventLog.Settings {
        var topics = TopicNames()
        topics.application = application
        topics.events = topic
        return KafkaEventLog.Settings(
            client: client, topics: topics, isTransactional: true, instanceID: nil, memberName: "heir", isStatic: false)
    }

    @Test func theDeadLeadersIsEndedWithIt() async throws {
        try await onOwnThread {
            let client = try RealKafka.settings()
            let topic = try RealKafka.makeTopic("fence-leader", partitions: 1)
            let application = uniqueName("fence")
            let leader = try Self.openLeader(of: application + "-w", client, topic)
            #expect(try Self.heirEnds(topic, of: application + "-w", application, seconds: 30))
            #expect(throws: KafkaError.self) { try leader.commitTransaction(timeoutMilliseconds: 20_000) }
        }
    }

    /// Its worker may be out of the workers' group for a moment while its leader goes on.
    @Test func aLeaderThatLivesIsNotFencedWithItsWorker() async throws {
        try await onOwnThread {
            let client = try RealKafka.settings()
            let topic = try RealKafka.makeTopic("fence-leader", partitions: 1)
            let application = uniqueName("fence")
            let writer = application + "-w"
            var topics = TopicNames()
            topics.application = application
            let member = try Member(
                client.merging([
                    "group.id": topics.leaderGroup, "client.id": KafkaLeaderLog.transactionalID(writer),
                ]), topics: [topic])
            defer { member.close() }
            try member.wait("the partition") { !$0.owned.isEmpty }
            let leader = try Self.openLeader(of: writer, client, topic)
            #expect(try !Self.heirEnds(topic, of: writer, application, seconds: 4))
            try leader.commitTransaction(timeoutMilliseconds: 20_000)
        }
    }

    /// It was away for so long that the group let it go, and it has not been told yet.
    @Test func aLeaderThatStoodStillPublishesNothing() async throws {
        try await onOwnThread {
            let client = try RealKafka.settings().merging([
                "session.timeout.ms": "6000", "max.poll.interval.ms": "6000",
            ])
            let application = uniqueName("fence")
            let settings = Self.settings(application, "none", client)
            _ = try Admin(client).createTopics([TopicSpecification(settings.topics[.itemLog], partitions: 1)])
            let leader = try KafkaLeaderLog(settings)
            defer { leader.close() }
            let deadline = Deadline(seconds: 30)
            while try !leader.isLeading(timeoutMilliseconds: 100), !deadline.isOver {}
            func publish() throws {
                Array("v".utf8).withUnsafeBytes {
                    leader.add(OutputRecord(topic: .itemLog, partition: 0, key: nil, value: $0))
                }
                try leader.publish(itemsOffset: 1, catalogue: [:])
            }
            try publish()
            pause(milliseconds: 7_500)
            #expect(throws: LogError.self) { try publish() }
        }
    }

    /// Where the coordinator of a dead member's transactions is away as well, its partitions do not wait for it one by one.
    @Test func anAttemptThatFailsHoldsNobodyUp() async throws {
        try await onOwnThread {
            let client = try RealKafka.settings()
            let topic = try RealKafka.makeTopic("fence-away", partitions: 4)
            let application = uniqueName("fence")
            let consumer = try GroupConsumer(client.merging(["group.id": application]))
            defer { consumer.close(timeoutMilliseconds: 5_000) }
            // Nobody answers there.
            let offsets = StoredOffsets(
                consumer, Self.settings(application, topic, KafkaSettings(bootstrapServers: "127.0.0.1:9")))
            var waiting: Set<Int32> = [0, 1, 2, 3]
            let deadline = Deadline(seconds: 4)
            while !waiting.isEmpty, !deadline.isOver {
                for partition in waiting.sorted()
                where try offsets.stored(partition, lastWriter: application + "-w") != nil {
                    waiting.remove(partition)
                }
                pause(milliseconds: 10)
            }
            #expect(waiting.isEmpty)
        }
    }

    /// How long the heir waits for the offset that its predecessor was about to move; nil where it got none in the time.
    private static func wait(
        seconds: Double, namesWriter: Bool, writerIsMember: Bool, turn: Int = 0
    ) throws -> (waited: Duration, stored: StoredOffset)? {
        let topic = try RealKafka.makeTopic("fence", partitions: 1)
        let application = uniqueName("fence")
        let writer = application + "-w"
        let client = try RealKafka.settings()
        let group: KafkaSettings = ["group.id": application]
        let producer = try Producer(
            client.merging([
                "transactional.id": TransactionalOutput.transactionalIDs(writer)[turn],
                "transaction.timeout.ms": "60000",
            ]))
        try producer.openTransactions()
        func send(_ offset: Int64) throws {
            try producer.beginTransaction()
            try producer.send(topic, 0, key: "k", value: "v")
            try producer.flush(timeoutMilliseconds: 20_000)
            try producer.sendOffsets(
                [PartitionOffset(topic, 0, offset)], group: GroupMetadata(groupID: application),
                timeoutMilliseconds: 20_000)
        }
        try send(3)
        try producer.commitTransaction(timeoutMilliseconds: 20_000)
        // This one stays open.
        try send(5)
        var member: Member?
        if writerIsMember {
            member = try Member(client.merging(group).merging(["client.id": writer]), topics: [topic])
            try member?.wait("the partition") { !$0.owned.isEmpty }
        }
        defer { member?.close() }
        let consumer = try GroupConsumer(client.merging(group))
        defer { consumer.close(timeoutMilliseconds: 5_000) }
        let offsets = StoredOffsets(consumer, Self.settings(application, topic, client))
        let began = ContinuousClock.now
        let deadline = Deadline(seconds: seconds)
        while !deadline.isOver {
            if let stored = try offsets.stored(0, lastWriter: namesWriter ? writer : "") {
                return (began.duration(to: .now), stored)
            }
            pause(milliseconds: 10)
        }
        withExtendedLifetime(producer) {}
        return nil
    }

    /// Whichever of its two producers' turn it was.
    @Test(arguments: [0, 1]) func aDeadWritersTransactionIsEnded(_ turn: Int) async throws {
        try await onOwnThread {
            let answer = try #require(try Self.wait(seconds: 20, namesWriter: true, writerIsMember: false, turn: turn))
            #expect(answer.stored.offset == 3)
            #expect(answer.waited < .seconds(10))
        }
    }

    /// The two ways in which nobody is fenced: they show that the offset would not be settled by itself.
    @Test(arguments: [(true, true), (false, false)]) func aMembersIsNot(
        _ world: (namesWriter: Bool, writerIsMember: Bool)
    ) async throws {
        try await onOwnThread {
            let answer = try Self.wait(
                seconds: 4, namesWriter: world.namesWriter, writerIsMember: world.writerIsMember)
            #expect(answer == nil)
        }
    }
}
