import Foundation
import Kafka
import Pipeline

/// A deployment of the program under names of its own, and the events that go in.
final class BenchmarkShop {
    enum Guarantee: String, CaseIterable {
        case atLeastOnce = "at_least_once"
        case exactlyOnce = "exactly_once"
    }

    let users = 20_000 / CPUTime.shrink
    let topics: TopicNames
    let partitions: Int32
    let client: KafkaSettings
    private let producer: Producer
    private let reader: PartitionReader
    private let admin: Admin
    /// The time of the next event.
    private(set) var clock: Int64 = 1_569_888_000_000
    private var sources: UInt64 = 0

    init(_ broker: BenchmarkBroker, name: String, partitions: Int32) throws {
        var topics = TopicNames()
        topics.application = "freshet-bench-\(ProcessInfo.processInfo.processIdentifier)-\(name)"
        for path in [
            \TopicNames.events, \.catalogue, \.recommendations, \.relatedItems, \.userFeatures, \.itemFeatures,
            \.deadLetters,
        ] { topics[keyPath: path] = "\(topics.application)-\(topics[keyPath: path])" }
        self.topics = topics
        self.partitions = partitions
        client = broker.settings
        producer = try Producer(client)
        reader = try PartitionReader(client)
        admin = try Admin(client)
        _ = try BenchmarkProcess(["topics", "create", "--partitions", "\(partitions)"], settings()).end()
    }

    /// Topics and groups go; what cannot be removed stays.
    func remove() {
        let own = (try? admin.listTopics())?.map(\.name).filter { $0.hasPrefix(topics.application) } ?? []
        _ = try? admin.deleteTopics(own)
        for group in [topics.application, topics.application + ".items"] { _ = try? admin.deleteGroup(group) }
    }

    // MARK: - Events

    /// Events that nobody has had yet, later than all before.
    func source(_ count: Int, _ order: EventSource.UserOrder, stepMilliseconds: Int64) -> EventSource {
        sources += 1
        defer { clock += Int64(count) * stepMilliseconds }
        return EventSource(
            users: users, seed: sources, order: order, firstMilliseconds: clock, stepMilliseconds: stepMilliseconds)
    }

    /// Writes as many events as fast as they go.
    func produce(_ count: Int, _ order: EventSource.UserOrder, stepMilliseconds: Int64) throws {
        let source = source(count, order, stepMilliseconds: stepMilliseconds)
        let topic = producer.topic(topics.events)
        while source.count < count {
            try BenchmarkProcess.checkInterrupted()
            source.make(min(50_000, count - Int(source.count)))
            for index in 0..<source.made { try producer.sendWaiting(topic, source, index) }
        }
        try flush()
    }

    /// Queues one record of the events topic as it is.
    func send(key: [UInt8]?, value: [UInt8]) throws {
        let topic = producer.topic(topics.events)
        try value.withUnsafeBytes { value in
            try (key ?? []).withUnsafeBytes { bytes in
                while try producer.send(topic, key: key == nil ? nil : bytes, value: value) == .queueFull {
                    producer.poll(timeoutMilliseconds: 10)
                }
            }
        }
        producer.poll(timeoutMilliseconds: 0)
    }

    /// Waits until everything is written.
    func flush() throws {
        try producer.flush(timeoutMilliseconds: 120_000)
        if let error = producer.takeFailure() { throw error }
    }

    /// Records of the dead-letter topic, as committed readers see it.
    func countDeadLetters() throws -> Int {
        let reader = try PartitionReader(client)
        let partitions = try admin.describeTopic(topics.deadLetters)?.partitions.map(\.number) ?? []
        try reader.assign(partitions.map { PartitionOffset(TopicPartition(topics.deadLetters, $0), 0) })
        var (count, ended) = (0, 0)
        while ended < partitions.count {
            let polled = reader.poll(max: 4096, timeoutMilliseconds: 1000)
            count += polled.messages.count
            polled.messages.destroy()
            for event in polled.events {
                switch event {
                case .endOfPartition: ended += 1
                case .failed(let error), .partitionFailed(_, let error): if !error.isRetriable { throw error }
                default: break
                }
            }
        }
        return count
    }

    // MARK: - The program

    /// What the program did up to the end of its input.
    struct Work {
        var events: Double
        var rejected: Double
        var duplicates: Double
        var lists: Double
        var cpuSeconds: Double
        var seconds: Double
    }

    /// `freshet serve --stop-at-end`.
    func workToEnd(_ guarantee: Guarantee, training: Bool = false) throws -> Work {
        let output = try BenchmarkProcess(["serve", "--stop-at-end"], settings(guarantee, training: training)).end()
        let line = output.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""
        guard let found = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw BenchmarkFailure("freshet serve --stop-at-end printed no summary: \(output.suffix(500))")
        }
        func number(_ name: String) -> Double { (found[name] as? NSNumber)?.doubleValue ?? .nan }
        return Work(
            events: number("events"), rejected: number("rejected"), duplicates: number("duplicates"),
            lists: number("lists"), cpuSeconds: number("cpu_seconds"), seconds: number("seconds"))
    }

    /// `freshet serve`, until it is stopped.
    func serve(
        _ guarantee: Guarantee, training: Bool = false, _ more: [String: String] = [:]
    ) throws -> BenchmarkProcess {
        try BenchmarkProcess(
            ["serve", "--http", "127.0.0.1:0"], settings(guarantee, training: training).merging(more) { $1 })
    }

    /// Waits until the group has committed every event, and a second longer.
    func awaitCaughtUp(_ service: BenchmarkProcess) throws {
        try awaitRestored(service)
        while try lag() > 0 { usleep(200_000) }
        sleep(1)
    }

    /// Waits until an instance has restored the users of its partitions.
    func awaitRestored(_ service: BenchmarkProcess) throws {
        while !service.output.contains("users restored") {
            guard service.isRunning else {
                throw BenchmarkFailure("freshet serve ended: \(service.output.suffix(500))")
            }
            usleep(50_000)
        }
    }

    /// Records that the group has not committed yet.
    func lag() throws -> Int64 {
        var ends: [TopicPartition: Int64] = [:]
        for partition in 0..<partitions {
            let place = TopicPartition(topics.events, partition)
            ends[place] = try reader.queryWatermarks(place, timeoutMilliseconds: 10_000).high
        }
        for offset in try admin.groupOffsets(topics.application) { ends[offset.place]? -= offset.offset }
        return ends.values.reduce(0, +)
    }

    /// The partitions of each member of the group.
    func assignment() throws -> [String: [Int32]] {
        let members = try admin.describeGroup(topics.application).members
        return Dictionary(
            members.map { ($0.memberID, $0.partitions.map(\.partition)) }, uniquingKeysWith: { first, _ in first })
    }

    private func settings(_ guarantee: Guarantee = .exactlyOnce, training: Bool = false) -> [String: String] {
        [
            "KAFKA_BOOTSTRAP": client["bootstrap.servers"] ?? "",
            "FRESHET_APPLICATION_ID": topics.application,
            "FRESHET_TOPICS_EVENTS": topics.events,
            "FRESHET_TOPICS_ITEMS": topics.catalogue,
            "FRESHET_TOPICS_RECOMMENDATIONS": topics.recommendations,
            "FRESHET_TOPICS_RELATED_ITEMS": topics.relatedItems,
            "FRESHET_TOPICS_USER_FEATURES": topics.userFeatures,
            "FRESHET_TOPICS_ITEM_FEATURES": topics.itemFeatures,
            "FRESHET_TOPICS_DEAD_LETTERS": topics.deadLetters,
            "FRESHET_PROCESSING_GUARANTEE": guarantee.rawValue,
            "FRESHET_TRAINING_ENABLED": "\(training)",
        ]
    }
}

extension Producer {
    /// Queues an event of the source under its user's id; waits while the queue is full.
    func sendWaiting(_ topic: Topic, _ source: EventSource, _ index: Int, tag: UInt64 = 0) throws {
        var key = String(source.key(index))
        try key.withUTF8 { key in
            while try send(topic, key: UnsafeRawBufferPointer(key), value: source.event(index), tag: tag) == .queueFull
            {
                poll(timeoutMilliseconds: 10)
            }
        }
        poll(timeoutMilliseconds: 0)
    }
}
