import Events
import Foundation
import Kafka
import Pipeline

/// The user fold fed by a real Kafka (`read_committed`, nothing committed), beside librdkafka's usual loop and beside our own
/// way of reading, both dropping what they get.
enum ReplayRow: BenchmarkRow {
    static let name = "replay"

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let broker = try run.broker() else {
            return [.withoutBroker("user fold only from Kafka, of raw consume")]
        }
        let topic = TopicPartition("freshet-bench-\(ProcessInfo.processInfo.processIdentifier)", 0)
        defer { _ = try? Admin(broker.settings).deleteTopics([topic.topic]) }
        try fill(broker, topic)
        var plain = 0.0
        var raw = 0.0
        var folded = 0.0
        for _ in 0..<3 {
            plain = max(plain, try consumePlainly(broker, topic))
            raw = max(raw, try consume(broker, topic) { _ in })
            let folds = BothFolds()
            folded = max(folded, try consume(broker, topic) { folds.learnUser($0) })
            folds.finishUsers()
            precondition(folds.store.count > 0, "nothing was learnt")
        }
        let share = folded / plain
        return [
            Figure(what: "raw consume: rd_kafka_consumer_poll", measured: "\(grouped(plain)) events/CPU-s"),
            Figure(what: "raw consume: our batches", measured: "\(grouped(raw)) events/CPU-s"),
            Figure(
                what: "user fold only: consume, decode, fold",
                measured: "\(grouped(folded)) events/CPU-s, \(Int(share * 100))% of the first", target: "50%",
                isReached: share >= 0.5,
                note: "user fold only: \(Int(folded / raw * 100))% of a consumer that drops the same batches"),
        ]
    }

    private static func fill(_ broker: BenchmarkBroker, _ place: TopicPartition) throws {
        _ = try Admin(broker.settings).createTopics([TopicSpecification(place.topic, partitions: 1)])
        let producer = try Producer(broker.settings)
        let topic = producer.topic(place.topic)
        let source = EventSource()
        for _ in 0..<20 {
            try BenchmarkProcess.checkInterrupted()
            source.make(50_000)
            for index in 0..<source.made {
                let key = String(source.key(index))
                try key.utf8.withContiguousStorageIfAvailable { key in
                    let key = UnsafeRawBufferPointer(key)
                    while try producer.send(topic, partition: 0, key: key, value: source.event(index)) == .queueFull {
                        producer.poll(timeoutMilliseconds: 10)
                    }
                }
            }
            producer.poll(timeoutMilliseconds: 0)
        }
        try producer.flush(timeoutMilliseconds: 60_000)
    }

    /// The same with nothing of ours in it.
    private static func consumePlainly(_ broker: BenchmarkBroker, _ place: TopicPartition) throws -> Double {
        let consumer = try PlainConsumer(broker.settings.merging(["group.id": "freshet-bench-plain"]))
        let start = CPUTime.process
        let events = try consumer.count(from: PartitionOffset(place, 0))
        return Double(events) / (CPUTime.process - start)
    }

    /// Events per CPU second of the process, its client's threads included, connecting left out.
    private static func consume(
        _ broker: BenchmarkBroker, _ place: TopicPartition, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws -> Double {
        let reader = try PartitionReader(broker.settings)
        let start = CPUTime.process
        try reader.assign([PartitionOffset(place, 0)])
        var events = 0
        while true {
            let polled = reader.poll(max: 4096, timeoutMilliseconds: 1000)
            for message in polled.messages {
                if let value = message.value { body(value) }
                events += 1
            }
            polled.messages.destroy()
            if polled.events.contains(where: { if case .endOfPartition = $0 { true } else { false } }) { break }
            for case .failed(let error) in polled.events where !error.isRetriable { throw error }
        }
        return Double(events) / (CPUTime.process - start)
    }
}
