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
        for topic in LogTopic.allCases where topic != .rekeyed {
            let isSingle = [LogTopic.itemLog, .snapshots, .models].contains(topic)
            try broker.createTopic(settings.topics[topic], partitions: isSingle ? 1 : Self.partitions)
        }
        reading = KafkaTopicReading(settings)
    }

    private func produce(_ lines: [(user: String, text: String)], to topic: String = "events") throws {
        let producer = try Producer(settings.client)
        let topic = producer.topic(topic)
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
        var told = 0
        let publisher = try ReplayPublisher(reading) { told = $0 }
        #expect(!publisher.hasGeneration)
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

    /// Publishes the lists of all users; how many that were, and each user's newest one.
    private func publish() throws -> (count: Int, newest: [String: [UInt8]]) {
        let (replay, ends) = try replay()
        let publisher = try ReplayPublisher(reading)
        try replay.write(to: KafkaReplayOutput(settings, groups: []), ends: ends, publisher: publisher)
        return (publisher.lists, try published().reduce(into: [:]) { $0[$1.key] = $1.value })
    }

    /// Nobody mends a list that is out before its user's next event, so the catalogue is there before lists are made.
    @Test func whatTheCatalogueWithdrawsIsInNoList() throws {
        try produce((0..<400).map(view))
        func naming(_ item: String, _ lists: [String: [UInt8]]) -> Int {
            lists.values.count { String(decoding: $0, as: UTF8.self).contains("\"product_id\":\"\(item)\"") }
        }
        let before = try publish().newest
        #expect(naming("p1", before) > 0 && naming("p4", before) > 0)
        try produce([("p1", #"{"available":false}"#), ("p1000", #"{"title":"#)], to: "items")
        let after = try publish().newest
        #expect(after.count == 31 && naming("p1", after) == 0 && naming("p4", after) > 0)
        for (user, value) in after.prefix(2) {
            let place = try JSONDecoder().decode(PublishedList.self, from: Data(value)).provenance
            let again = ListRecomputation(settings: WorkerSettings(), reading: reading, requiresKey: true)
            #expect(
                try again.list(
                    user: Array(user.utf8),
                    at: ListProvenance(
                        partition: place.partition, offset: place.offset, itemsOffset: place.itemsOffset,
                        generation: place.generation), eventsLow: 0) == value)
        }
    }

    /// As the service has it: a list without any item is nobody's first, and takes the place of one that may be out.
    @Test func aListWithoutAnyItemIsNobodysFirst() throws {
        func event(_ user: String, _ type: String) -> (user: String, text: String) {
            (user, #"{"event_time":1700000000,"event_type":"\#(type)","product_id":"p1","user_id":"\#(user)"}"#)
        }
        try produce([event("a", "purchase"), event("b", "view")])
        let first = try publish()
        #expect(first.count == 1 && Array(first.newest.keys) == ["b"])
        #expect(
            String(decoding: first.newest["b"] ?? [], as: UTF8.self).contains(#""items":[],"continue_shopping":[{"#))
        let second = try publish()
        #expect(second.count == 2)
        #expect(
            String(decoding: second.newest["a"] ?? [], as: UTF8.self).contains(#""items":[],"continue_shopping":[]"#))
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
        let publisher = try ReplayPublisher(reading)
        try replay.write(to: KafkaReplayOutput(settings, groups: []), ends: ends, publisher: publisher)
        let lists = try published()
        #expect(lists.count == 31)
        let text = lists.compactMap(\.value).map { String(decoding: $0, as: UTF8.self) }
        #expect(text.count == 31 && text.allSatisfy { $0.contains(#""generation":1,"#) })
    }
}
