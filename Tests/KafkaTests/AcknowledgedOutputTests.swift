import Pipeline
import Testing

@testable import Kafka

/// Without transactions nothing may be written behind a record that was lost: the item log would have a gap.
struct AcknowledgedOutputTests {
    private var names: TopicNames {
        var names = TopicNames()
        names.events = "t"
        return names
    }

    @Test func whatIsLateIsGivenUpAsAWhole() async throws {
        try await onOwnThread {
            // Nobody answers there.
            let client: KafkaSettings = ["bootstrap.servers": "127.0.0.1:1"]
            let producer = try Producer(client)
            let consumer = try GroupConsumer(client.merging(["group.id": "g"]))
            let lists = try Producer(client)
            let output = AcknowledgedOutput(
                lists: lists, others: producer, consumer, names, givesUpAfterMilliseconds: 3_000)

            func append() throws {
                try output.append(.events, partition: 0, key: nil, value: nil, headers: [])
            }
            for _ in 0..<3 { try append() }
            try output.beginCommit([])
            #expect(try output.outcome() == nil)
            var failure: LogError?
            let deadline = Deadline(seconds: 10)
            while failure == nil, !deadline.isOver {
                do throws(LogError) { _ = try output.outcome() } catch { failure = error }
            }
            #expect(failure?.kind == .retriable && failure?.message.contains("not acknowledged") == true)
            // They are gone, and no further one comes behind them.
            while producer.outstandingCount > 0, !deadline.isOver { producer.poll(timeoutMilliseconds: 20) }
            #expect(producer.outstandingCount == 0)
            #expect(throws: LogError.self) { try append() }
            consumer.close(timeoutMilliseconds: 1_000)
        }
    }

    /// Who waits for a place in the queue does so no longer than the records in it may wait.
    @Test func aFullQueueIsGivenUpToo() async throws {
        try await onOwnThread {
            let client: KafkaSettings = [
                "bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": "3", "message.timeout.ms": "6000",
            ]
            let producer = try Producer(client)
            let consumer = try GroupConsumer(client.merging(["group.id": "g"]))
            let output = AcknowledgedOutput(
                lists: try Producer(client), others: producer, consumer, names, givesUpAfterMilliseconds: 1_000)
            let began = ContinuousClock.now
            let failure = #expect(throws: LogError.self) {
                for _ in 0..<4 { try output.append(.events, partition: 0, key: nil, value: nil, headers: []) }
            }
            #expect(failure?.kind == .retriable && failure?.message.contains("not acknowledged") == true)
            #expect(began.duration(to: .now) < .seconds(20))
            consumer.close(timeoutMilliseconds: 1_000)
        }
    }

    /// The output is given up while there is as much time again until librdkafka drops records one by one.
    @Test func theOutputIsGivenUpInGoodTime() {
        var settings = KafkaEventLog.Settings(
            client: [:], topics: names, isTransactional: false, instanceID: nil, memberName: "m", isStatic: false)
        #expect(settings.givesUpAfterMilliseconds == 4_000 && settings.writableMilliseconds == 8_000)
        settings.client["session.timeout.ms"] = "30000"
        #expect(settings.givesUpAfterMilliseconds == 12_000)
    }

    /// A commit waits for all that was appended before it, whichever connection it goes by.
    @Test func aCommitWaitsForItsRecords() async throws {
        try await onOwnThread {
            let broker = try EmbeddedBroker()
            try broker.createTopic("t", partitions: 1)
            try broker.createTopic(names.recommendations, partitions: 1)
            let client = KafkaSettings(bootstrapServers: broker.bootstrapServers)
            let producer = try Producer(client)
            let consumer = try GroupConsumer(client.merging(["group.id": "g"]))
            let lists = try Producer(client)
            let output = AcknowledgedOutput(
                lists: lists, others: producer, consumer, names, givesUpAfterMilliseconds: 20_000)

            let deadline = Deadline(seconds: 20)
            for round in 0..<20 {
                for _ in 0...round {
                    for topic in [LogTopic.events, .recommendations] {
                        try output.append(topic, partition: 0, key: nil, value: nil, headers: [])
                    }
                }
                try output.beginCommit([])
                try output.append(.events, partition: 0, key: nil, value: nil, headers: [])
                while try output.outcome() == nil {
                    if deadline.isOver { throw Overdue(what: "commit \(round)") }
                }
                #expect(producer.outstandingCount <= 1 && lists.outstandingCount == 0)
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            output.serve()
            #expect(producer.failureCount == 0 && lists.failureCount == 0)
            consumer.close(timeoutMilliseconds: 1_000)
            withExtendedLifetime(broker) {}
        }
    }
}
