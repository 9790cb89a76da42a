import Foundation
import Kafka
import Testing

@testable import freshet

/// Commands as a shell sees them, beside an embedded broker.
@Suite(.enabled(if: Program.isBuilt, "the program is not built beside the tests"))
struct BrokerCommandTests {
    private let broker: EmbeddedBroker
    private let program: Program
    private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

    init() throws {
        broker = try EmbeddedBroker()
        for topic in ["events", "items", "recommendations"] { try broker.createTopic(topic, partitions: 2) }
        try broker.createTopic("events.dead-letter", partitions: 1)
        program = Program(environment: ["KAFKA_BOOTSTRAP": broker.bootstrapServers])
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func run(_ arguments: [String], input: String? = nil) throws -> Program.Outcome {
        defer { try? FileManager.default.removeItem(at: folder) }
        return try program.run(arguments, input: input, seconds: 60)
    }

    private func records(_ topic: String) throws -> [String: String] {
        let reader = try PartitionReader(
            KafkaSettings(bootstrapServers: broker.bootstrapServers).merging([
                "enable.partition.eof": "true"
            ]))
        try reader.assign((0..<2).map { PartitionOffset(topic, $0, 0) })
        var found: [String: String] = [:]
        var ends = 0
        let deadline = ContinuousClock.now + .seconds(30)
        while ends < 2, ContinuousClock.now < deadline {
            let polled = reader.poll(max: 100, timeoutMilliseconds: 100)
            defer { polled.messages.destroy() }
            for message in polled.messages {
                found[String(decoding: message.key ?? .init(start: nil, count: 0), as: UTF8.self)] =
                    String(decoding: message.value ?? .init(start: nil, count: 0), as: UTF8.self)
            }
            for case .endOfPartition in polled.events { ends += 1 }
        }
        return found
    }

    /// What the catalogue's reader takes goes to the items topic as it is, keyed by the item; the rest is named.
    @Test func aCatalogueGoesToItsTopic() throws {
        let lines = [
            #"{"product_id":"p1","title":"One","price":9.5,"available":true}"#, #"{"title":"of nothing"}"#, "",
            #"{"item_id":7,"name":"Seven"}"#, #"{"product_id":"p3","available":[]}"#, "not json",
            #"{"product_id":"p4","available":false}"#,
        ]
        // The last line has no end.
        let outcome = try run(["produce", "--catalogue", "-"], input: lines.joined(separator: "\n"))
        #expect(outcome.status == 0, "\(outcome.log)")
        #expect(outcome.log.contains("catalogue → items (2 partitions)") && outcome.log.contains("produce: 3 items in"))
        #expect(
            outcome.log.contains("3 made no item") || outcome.log.contains("3 lines made no item"), "\(outcome.log)")
        for name in ["line 2: missing-item", "line 5: bad-available", "line 6: malformed-json"] {
            #expect(outcome.log.contains(name), "\(outcome.log)")
        }
        #expect(try records("items") == ["p1": lines[0], "7": lines[3], "p4": lines[6]])
        #expect(try records("events").isEmpty)
    }

    @Test func eventsAreNoCatalogue() throws {
        let event = #"{"event_time":1700000000,"event_type":"view","product_id":"p1","user_id":"u1"}"#
        let outcome = try run(["produce", "--catalogue", "-"], input: event + "\n")
        #expect(outcome.status == 65 && outcome.log.contains("line 1, is an event"), "\(outcome.log)")
        #expect(try records("items").isEmpty)
        #expect(try run(["produce", "--catalogue", "-", "--speed", "2"], input: event).status == 64)
    }

    /// The topic that a letter names comes from anywhere: no name of one, and it has no way back.
    @Test func lettersWithoutAHomeStay() throws {
        let producer = try Producer(KafkaSettings(bootstrapServers: broker.bootstrapServers))
        let names = ["", String(repeating: "t", count: 250), "a b", "..", "events"]
        for name in names {
            try Array("x".utf8).withUnsafeBytes { value in
                _ = try producer.send(
                    producer.topic("events.dead-letter"), partition: 0, key: nil, value: value,
                    headers: [
                        MessageHeader("freshet.reason", "malformed-json"), MessageHeader("freshet.topic", name),
                        MessageHeader("freshet.partition", "0"), MessageHeader("freshet.offset", "1"),
                    ])
            }
        }
        try producer.flush(timeoutMilliseconds: 10_000)
        let outcome = try run(["dlq", "redrive", "--dry-run"])
        #expect(outcome.status == 0 && outcome.output.contains("1 letter would be driven back"), "\(outcome)")
        #expect(outcome.output.contains("4 letters hold no whole record, or do not say"), "\(outcome)")
    }

    @Test(arguments: [["--from", "end"], ["--from", "beginning"], []])
    func whoHasNoListIsOne(_ from: [String]) throws {
        let outcome = try run(["watch", "--user", "nobody", "--until-end"] + from)
        #expect(outcome.status == 1, "\(outcome)")
    }

    /// The flag goes over KAFKA_BOOTSTRAP, and both over the file.
    @Test func theFileNamesTheBrokersToo() throws {
        let file = folder.appending(path: "f.yaml")
        try "kafka:\n  bootstrap.servers: \(broker.bootstrapServers)\n".write(
            to: file, atomically: false, encoding: .utf8)
        let line = #"{"product_id":"p1"}"#
        let command = ["produce", "--catalogue", "-", "--config", file.path]
        let fromFile = try Program(environment: [:]).run(command, input: line, seconds: 60)
        #expect(fromFile.status == 0, "\(fromFile.log)")
        let flag = ["--set", "kafka.bootstrap.servers=\(broker.bootstrapServers)"]
        let wrong = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1"])
        #expect(try wrong.run(command + flag, input: line, seconds: 60).status == 0)
        #expect(try run(command).status == 65, "nothing is sent, but the broker is found")
    }
}
