import Events
import Foundation
import Kafka
import Linear
import Models
import Testing

@testable import Pipeline
@testable import freshet

/// Lists that a replay publishes, on the embedded broker: no transactions there, everything else as on a real one.
@Suite struct ReplayPublicationTests {
    private let broker: EmbeddedBroker
    private let settings: KafkaEventLog.Settings
    private let reading: KafkaTopicReading
    private static let partitions: Int32 = 2

    init() throws {
        broker = try EmbeddedBroker()
        settings = KafkaEventLog.Settings(
            client: KafkaSettings(bootstrapServers: broker.bootstrapServers), topics: TopicNames(),
            isTransactional: false, instanceID: nil, memberName: "replay", isStatic: false)
        for topic in LogTopic.allCases {
            let isSingle = [LogTopic.itemLog, .snapshots, .models].contains(topic)
            try broker.createTopic(settings.topics[topic], partitions: isSingle ? 1 : Self.partitions)
        }
        reading = KafkaTopicReading(settings)
    }

    private func produce(_ lines: [(user: String, text: String)]) throws {
        let producer = try Producer(settings.client)
        let topic = producer.topic("events")
        for line in lines {
            let (key, value) = (Array(line.user.utf8), Array(line.text.utf8))
            try key.withUnsafeBytes { key in
                try value.withUnsafeBytes { value in
                    _ = try producer.send(topic, key: key, value: value)
                }
            }
        }
        try producer.flush(timeoutMilliseconds: 10_000)
    }

    private func view(_ index: Int) -> (user: String, text: String) {
        let user = "u\(index * 7 % 31)"
        return (
            user,
            #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"p\#(index * index % 97)","#
                + #""user_id":"\#(user)"}"#
        )
    }

    private func replay() throws -> (replay: Replay, ends: [Int32: Int64]) {
        let reader = try PartitionReader(settings.reading)
        let ranges = try (0..<Self.partitions).map { partition in
            let end = try reader.queryWatermarks(TopicPartition("events", partition), timeoutMilliseconds: 10_000).high
            return Replay.Range(partition: partition, from: 0, end: end)
        }
        let replay = try Replay(settings: WorkerSettings(), ranges: ranges, requiresKey: true, reading: reading)
        while try replay.advance(1000) {}
        return (replay, Dictionary(uniqueKeysWithValues: ranges.map { ($0.partition, $0.end) }))
    }

    private func published() throws -> [(key: String, value: [UInt8]?)] {
        var found: [(key: String, value: [UInt8]?)] = []
        for partition in 0..<Self.partitions {
            let reader = try reading.reader(.recommendations, partition: partition, from: 0)
            var isAtEnd = false
            while !isAtEnd {
                isAtEnd = try reader.read(max: 1000, timeoutMilliseconds: 100) { record in
                    found.append(
                        (record.key.map { String(decoding: $0, as: UTF8.self) } ?? "", record.value.map(Array.init)))
                }
            }
        }
        return found
    }

    @Test func everyUserHasOneListThatCanBeComputedAgain() throws {
        try produce(
            (0..<400).map(view) + [("u3", #"{"event_time":1700100000,"event_type":"user_deleted","user_id":"u3"}"#)])
        let (replay, ends) = try replay()
        let generation = try ReplayPublisher.served(reading)
        #expect(generation == nil)
        var told = 0
        let publisher = ReplayPublisher(generation: generation) { told = $0 }
        try replay.write(to: KafkaReplayOutput(settings, groups: []), ends: ends, publisher: publisher)
        #expect(publisher.lists == 30 && told == 30)
        let lists = try published()
        #expect(lists.count == 31 && Set(lists.map(\.key)).count == 31)
        #expect(lists.filter { $0.value == nil }.map(\.key) == ["u3"])
        for list in lists.filter({ $0.value != nil }).prefix(2) {
            let value = try #require(list.value)
            let from = try JSONDecoder().decode(PublishedList.self, from: Data(value)).provenance
            let again = ListRecomputation(settings: WorkerSettings(), reading: reading, requiresKey: true)
            let place = ListProvenance(
                partition: from.partition, offset: from.offset, itemsOffset: from.itemsOffset,
                generation: from.generation)
            #expect(try again.list(user: Array(list.key.utf8), at: place, eventsLow: 0) == value)
        }
    }

    @Test func theServedGenerationMakesTheLists() throws {
        try produce((0..<400).map(view))
        let output = try KafkaModelsOutput(settings)
        let models = try ModelsTopic(reading) { (records) throws(LogError) in try output.write(records) }
        let generation = Generation(
            number: 0, manifest: GenerationManifest(), items: (0..<97).map { "p\($0)" },
            factors: Matrix((0..<97).map { [Float($0), 1] }), neighbours: [], neighbourWeights: [],
            neighboursPerItem: 0)
        _ = try models.publish(generation, GenerationDecision(isPromoted: true, reason: .notWorse))
        let (replay, ends) = try replay()
        let publisher = ReplayPublisher(generation: try ReplayPublisher.served(reading))
        try replay.write(to: KafkaReplayOutput(settings, groups: []), ends: ends, publisher: publisher)
        let lists = try published()
        #expect(lists.count == 31)
        let text = lists.compactMap(\.value).map { String(decoding: $0, as: UTF8.self) }
        #expect(text.count == 31 && text.allSatisfy { $0.contains(#""generation":1,"#) })
    }
}
