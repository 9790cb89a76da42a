import Foundation
import Synchronization
import Testing

@testable import Kafka

/// Producing and reading on the embedded broker.
struct EmbeddedTests {
    private static func broker(_ topic: String, partitions: Int32) throws -> (EmbeddedBroker, KafkaSettings) {
        let broker = try EmbeddedBroker()
        try broker.createTopic(topic, partitions: partitions)
        return (broker, KafkaSettings(bootstrapServers: broker.bootstrapServers))
    }

    @Test func nothingIsDifferentFromEmpty() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let producer = try Producer(settings)
            try producer.send("t", 0, key: nil, value: "no key")
            try producer.send("t", 0, key: "", value: "empty key")
            try producer.send("t", 0, key: "tombstone", value: nil)
            try producer.send("t", 0, key: "empty", value: "")
            try producer.flush(timeoutMilliseconds: 10_000)
            #expect(producer.outstandingCount == 0)
            #expect(producer.takeFailure() == nil)

            let reader = try PartitionReader(settings)
            let records = try reader.readToEnd([PartitionOffset("t", 0, 0)])
            #expect(records.map(\.key) == [nil, "", "tombstone", "empty"])
            #expect(records.map(\.value) == ["no key", "empty key", nil, ""])
            #expect(records.map(\.offset) == [0, 1, 2, 3])
            withExtendedLifetime(broker) {}
        }
    }

    /// More records than librdkafka sends unacknowledged are not handed over, unless none is under way.
    @Test func roomShrinksWithWhatIsUnderWay() async throws {
        try await onOwnThread {
            var (broker, settings) = try Self.broker("t", partitions: 1)
            settings["linger.ms"] = "60000"
            let producer = try Producer(settings)
            #expect(producer.room == .max)
            let rooms = try (0..<6).map { _ in
                try producer.send("t", 0, value: "v")
                return producer.room
            }
            #expect(rooms == [3, 2, 1, 0, 0, 0])
            try producer.flush(timeoutMilliseconds: 10_000)
            #expect(producer.room == .max)
            withExtendedLifetime(broker) {}
        }
    }

    @Test func headersAndTimestampsArrive() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let producer = try Producer(settings)
            let headers = [
                MessageHeader("a", "1"), MessageHeader("none", bytes: nil), MessageHeader("a", "2"),
                MessageHeader("empty", bytes: []),
            ]
            try producer.send("t", 0, value: "v", headers: headers, timestamp: 1_600_000_000_123)
            try producer.send("t", 0, value: "bare")
            try producer.flush(timeoutMilliseconds: 10_000)

            let reader = try PartitionReader(settings)
            try reader.assign([PartitionOffset("t", 0, 0)])
            var messages: [Message] = []
            var batches: [MessageBatch] = []
            let deadline = Deadline(seconds: 10)
            while messages.count < 2, !deadline.isOver {
                let batch = reader.poll(max: 10, timeoutMilliseconds: 100).messages
                batches.append(batch)
                messages += Array(batch)
            }
            let first = try #require(messages.first)
            #expect(first.timestampMilliseconds == 1_600_000_000_123)
            #expect(first.headers.map(\.name) == ["a", "none", "a", "empty"])
            #expect(first.headers.map { $0.value.map { Array($0) } } == [[49], nil, [50], []])
            #expect(first.header("a").map { Array($0) } == [50])
            #expect(first.header("missing") == nil)
            #expect(messages.last?.headers.isEmpty == true)
            withExtendedLifetime((broker, batches)) {}
        }
    }

    @Test func aBatchKnowsItsTopicsAndEndsOnce() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("one", partitions: 2)
            try broker.createTopic("two", partitions: 1)
            let producer = try Producer(settings)
            for number in 0..<300 {
                try producer.send(number % 3 == 0 ? "two" : "one", number % 3 == 2 ? 1 : 0, value: "\(number)")
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            let reader = try PartitionReader(settings)
            let records = try reader.readToEnd([
                PartitionOffset("one", 0, 0), PartitionOffset("one", 1, PartitionOffset.beginning),
                PartitionOffset("two", 0, 50),
            ])
            for place in [TopicPartition("one", 0), TopicPartition("one", 1), TopicPartition("two", 0)] {
                let offsets = records.filter { $0.place == place }.map(\.offset)
                #expect(offsets == Array((place.topic == "two" ? 50 : 0)..<100))
            }
            let again = try reader.readToEnd([PartitionOffset("two", 0, 99)])
            #expect(again.map(\.value) == ["297"])
            #expect(try reader.position([TopicPartition("two", 0)]) == [PartitionOffset("two", 0, 100)])
            try reader.seek([PartitionOffset("two", 0, 98)], timeoutMilliseconds: 5_000)
            var polled = reader.poll(max: 10, timeoutMilliseconds: 1_000)
            while polled.messages.isEmpty { polled = reader.poll(max: 10, timeoutMilliseconds: 1_000) }
            #expect(polled.messages[0].offset == 98)
            polled.messages.destroy()
            #expect(polled.messages.isEmpty)
            #expect(Array(polled.messages).isEmpty)
        }
    }

    @Test func deliveriesAreCounted() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let producer = try Producer(settings)
            for tag in 1...50 as ClosedRange<UInt64> { try producer.send("t", 0, value: "x", tag: tag) }
            #expect(producer.outstandingCount > 0)
            try producer.flush(timeoutMilliseconds: 10_000)
            let deliveries = producer.takeDeliveries()
            #expect(deliveries.map(\.tag) == Array(1...50))
            #expect(deliveries.map(\.offset) == Array(0..<50))
            #expect(producer.takeDeliveries().isEmpty)

            try broker.setReachable(false)
            try producer.send("t", 0, value: "lost", tag: 51)
            try producer.purge(inFlight: true)
            producer.poll(timeoutMilliseconds: 100)
            #expect(producer.outstandingCount == 0)
            #expect(producer.failureCount == 1)
            let failure = try #require(producer.takeFailure())
            #expect([.purgedFromQueue, .purgedInFlight].contains(failure.code))
            #expect(producer.takeFailure() == nil)
        }
    }

    @Test func aFullQueueSaysSo() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let producer = try Producer(
                settings.merging(["queue.buffering.max.messages": "10", "linger.ms": "1000"]))
            let topic = producer.topic("t")
            var sent: [Producer.Sent] = []
            for _ in 0..<11 { sent.append(try producer.send(topic, partition: 0, key: nil, value: nil)) }
            #expect(sent == Array(repeating: .queued, count: 10) + [.queueFull])
            #expect(producer.outstandingCount == 10)
            try producer.flush(timeoutMilliseconds: 10_000)
            #expect(try producer.send(topic, partition: 0, key: nil, value: nil) == .queued)
            withExtendedLifetime(broker) {}
        }
    }

    @Test func manyThreadsMaySend() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 4)
            let producer = try Producer(settings)
            let ended = Atomic<Int>(0)
            withExtendedLifetime(broker) {
                Parallel.run(4) { thread in
                    for number in 0..<250 {
                        try? producer.send("t", Int32(thread), key: "\(thread)", value: "\(number)")
                    }
                    ended.add(1, ordering: .relaxed)
                }
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            let reader = try PartitionReader(settings)
            let records = try reader.readToEnd((0..<4).map { PartitionOffset("t", $0, 0) })
            for thread in 0..<4 {
                let values = records.filter { $0.place.partition == thread }.map(\.value)
                #expect(values == (0..<250).map { "\($0)" })
            }
        }
    }

    @Test func brokersDownIsAValue() async throws {
        try await onOwnThread {
            let reader = try PartitionReader(KafkaSettings(bootstrapServers: "127.0.0.1:1"))
            var heard: [ConsumerEvent] = []
            let deadline = Deadline(seconds: 10)
            while !deadline.isOver {
                heard += reader.poll(max: 1, timeoutMilliseconds: 100).events
                let isDown = heard.contains {
                    if case .failed(let error) = $0 { error.code == .allBrokersDown } else { false }
                }
                if isDown { return }
            }
            Issue.record("heard only \(heard)")
        }
    }

    /// From every kind of client, polled or not, and without its secrets.
    @Test func logLinesArriveByThemselves() async throws {
        try await onOwnThread {
            final class Lines: Sendable {
                let all = Mutex<[KafkaLogLine]>([])
            }
            func check<Client>(_ make: (KafkaSettings) throws -> Client) throws {
                let lines = Lines()
                var settings: KafkaSettings = [
                    "bootstrap.servers": "127.0.0.1:1", "debug": "conf", "sasl.oauthbearer.config": "scope=hidden",
                    "group.id": "g",
                ]
                settings.log = { line in lines.all.withLock { $0.append(line) } }
                let client = try make(settings)
                let deadline = Deadline(seconds: 10)
                while !deadline.isOver, !lines.all.withLock({ $0.contains { $0.facility == "FAIL" } }) {
                    pause(milliseconds: 20)
                }
                let text = lines.all.withLock { $0.map { "\($0.level) \($0.facility) \($0.message)" } }
                #expect(!deadline.isOver, "\(Client.self)")
                #expect(text.contains { $0.contains("sasl.oauthbearer.config = ") }, "\(Client.self)")
                #expect(!text.contains { $0.contains("hidden") }, "\(Client.self)")
                withExtendedLifetime(client) {}
            }
            try check { try PartitionReader($0) }
            try check { try GroupConsumer($0) }
            try check { try Producer($0) }
            try check { try Admin($0) }
        }
    }

    /// A full prefetch queue must not stop the flow for longer than the application takes to empty it.
    @Test(arguments: [100, 5_000])
    func aSlowReaderIsNotStarved(max: Int) async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let producer = try Producer(settings.merging(["batch.num.messages": "100"]))
            for number in 0..<6_000 { try producer.send("t", 0, value: "\(number)") }
            try producer.flush(timeoutMilliseconds: 10_000)
            let reader = try PartitionReader(settings.merging(["queued.min.messages": "600"]))
            try reader.assign([PartitionOffset("t", 0, 0)])
            let start = ContinuousClock.now
            var count = 0
            while count < 6_000, ContinuousClock.now - start < .seconds(20) {
                count += reader.poll(max: max, timeoutMilliseconds: 1_000).messages.count
                pause(milliseconds: 2)
            }
            #expect(count == 6_000)
            #expect(ContinuousClock.now - start < .seconds(3))
            withExtendedLifetime(broker) {}
        }
    }

    @Test func anOffsetThatIsGoneIsAnError() async throws {
        try await onOwnThread {
            let (broker, settings) = try Self.broker("t", partitions: 1)
            let reader = try PartitionReader(settings)
            let error = #expect(throws: KafkaError.self) {
                try reader.readToEnd([PartitionOffset("t", 0, 1_000)], seconds: 10)
            }
            #expect(error?.code == .autoOffsetReset)
            withExtendedLifetime(broker) {}
        }
    }
}
