import Pipeline
import Testing

@testable import Kafka

/// Where a log reader begins: a negative offset counts from the end.
struct LogReaderTests {
    /// What a reader delivers up to the end of a topic of its own, and where it stands then.
    private static func read(
        from offset: Int64, of records: Int, deletedBelow low: Int64? = nil, on client: KafkaSettings,
        named topic: String
    ) throws -> (offsets: [Int64], position: Int64) {
        let producer = try Producer(client)
        for number in 0..<records { try producer.send(topic, 0, key: "\(number)", value: "v") }
        try producer.flush(timeoutMilliseconds: 20_000)
        if let low { _ = try Admin(client).deleteRecords(before: [PartitionOffset(topic, 0, low)]) }
        var topics = TopicNames()
        topics.deadLetters = topic
        let reading = KafkaTopicReading(
            KafkaEventLog.Settings(
                client: client, topics: topics, isTransactional: false, instanceID: nil, memberName: "m",
                isStatic: false))
        let reader = try reading.reader(.deadLetters, partition: 0, from: offset)
        var offsets: [Int64] = []
        let deadline = Deadline(seconds: 20)
        while !(try reader.read(max: 30, timeoutMilliseconds: 100) { offsets.append($0.offset) }) {
            if deadline.isOver { throw Overdue(what: "the end of \(topic)") }
        }
        return (offsets, reader.position)
    }

    @Test(arguments: [(count: Int64(7), first: Int64(93)), (100, 0), (1000, 0)])
    func aTailIsTheLastRecords(_ tail: (count: Int64, first: Int64)) async throws {
        try await onOwnThread {
            let broker = try EmbeddedBroker()
            try broker.createTopic("t", partitions: 1)
            let client = KafkaSettings(bootstrapServers: broker.bootstrapServers)
            let found = try Self.read(from: -tail.count, of: 100, on: client, named: "t")
            #expect(found.offsets == Array(tail.first..<100))
            #expect(found.position == 100)
            withExtendedLifetime(broker) {}
        }
    }

    @Test func theTailOfNothingIsNothing() async throws {
        try await onOwnThread {
            let broker = try EmbeddedBroker()
            try broker.createTopic("t", partitions: 1)
            let client = KafkaSettings(bootstrapServers: broker.bootstrapServers)
            let found = try Self.read(from: -7, of: 0, on: client, named: "t")
            #expect(found.offsets.isEmpty && found.position == 0)
            withExtendedLifetime(broker) {}
        }
    }

    /// Whoever stays at the end asks seldom; what comes is read all the same, once.
    @Test func aReaderThatStaysIsPatient() async throws {
        try await onOwnThread {
            let broker = try EmbeddedBroker()
            try broker.createTopic("t", partitions: 1)
            let client = KafkaSettings(bootstrapServers: broker.bootstrapServers)
            let producer = try Producer(client)
            func send(_ numbers: Range<Int>) throws {
                for number in numbers { try producer.send("t", 0, key: "\(number)", value: "v") }
                try producer.flush(timeoutMilliseconds: 20_000)
            }
            let reader = try KafkaLogReader(ReaderPool(client), .deadLetters, "t", 0, from: 0)
            var offsets: [Int64] = []
            func read(until isDone: () -> Bool) throws {
                let deadline = Deadline(seconds: 20)
                while !isDone() {
                    if deadline.isOver { throw Overdue(what: "records of t") }
                    _ = try reader.read(max: 30, timeoutMilliseconds: 20) { offsets.append($0.offset) }
                }
            }
            try send(0..<5)
            try read { offsets.count == 5 }
            #expect(!reader.isPatient)
            try read { reader.isPatient }
            try send(5..<9)
            try read { offsets.count == 9 }
            #expect(offsets == Array(0..<9) && reader.position == 9)
            withExtendedLifetime(broker) {}
        }
    }

    /// A topic may begin after 0, and then hold less than is asked for.
    @Test(
        .enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)), arguments: [Int64(5), 50, 1000])
    func aTailBeginsWhereTheTopicDoes(_ count: Int64) async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("tail", partitions: 1)
            let found = try Self.read(from: -count, of: 100, deletedBelow: 90, on: RealKafka.settings(), named: topic)
            #expect(found.offsets == Array(max(90, 100 - count)..<100))
            #expect(found.position == 100)
        }
    }

    /// Silence would look like a topic without news.
    @Test(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
    func recordsThatAreGoneAreSaid() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("gone", partitions: 1)
            let error = #expect(throws: LogError.self) {
                _ = try Self.read(from: 50, of: 100, deletedBelow: 90, on: RealKafka.settings(), named: topic)
            }
            #expect(error?.kind == .state)
            #expect(error?.message.contains("\(topic)[0] from 50") == true, "\(error?.message ?? "")")
        }
    }
}
