import Foundation
import Kafka
import Linear
import Models
import Testing

@testable import Pipeline
@testable import freshet

extension ProgramTests {
    /// The process that publishes a generation is killed between two of its chunks, on a real Kafka.
    @Suite struct KilledPublicationTests {
        /// Few enough to train on quickly, with neighbours enough for some chunks of 900 KB.
        private static let items = 1000
        private let cluster: KafkaCluster

        init() throws { cluster = try KafkaCluster() }

        @Test(arguments: ["exactly_once", "at_least_once"])
        func noHalfGenerationIsServed(guarantee: String) throws {
            let program = Program(environment: [
                "KAFKA_BOOTSTRAP": cluster.bootstrap, "FRESHET_INSTANCE_ID": "one",
                "FRESHET_PROCESSING_GUARANTEE": guarantee, "FRESHET_TRAINING_FACTORS": "16",
                // One chunk on its way at a time: what is in flight is not taken back by a kill.
                "FRESHET_KAFKA_MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION": "1",
                "FRESHET_TRAINING_FIRST_EVENTS": "\(Self.items)",
            ])
            try check(program, ["topics", "create", "--partitions", "2"])
            try send(Self.items, from: 0, program)
            // The leader may meet the end of the item log before the last events are visible there.
            for _ in 0..<3 where try generations(program).isEmpty { try check(program, ["serve", "--stop-at-end"]) }
            #expect(try generations(program) == [1: "serving"])

            // The first chunk is more than the quota allows in its window of ten seconds (the items' rows before it are
            // less), so that the broker hears nothing of the next ones for seconds.
            try setQuota("--add-config producer_byte_rate=70000")
            try send(Self.items / 5, from: Self.items, program)
            let service = try program.start(["serve"])
            let half = try waitForChunk(of: 2, service)
            service.kill()
            _ = try service.wait()
            #expect(!half.contains { $0.hasSuffix("/manifest") || $0 == "decision/2" })
            try setQuota("--delete-config producer_byte_rate")

            // Nobody lists or serves it.
            #expect(try generations(program) == [1: "serving"])
            try send(40, from: 0, program)
            let next = try check(program, ["serve", "--stop-at-end", "--set", "training.enabled=false"])
            #expect(next.log.contains("generation 1 is served") && !next.log.contains("generation 2"), "\(next.log)")
            #expect(try listedGenerations().subtracting([1, nil]).isEmpty)

            // The next training publishes a whole one.
            let trained = try check(program, ["serve", "--stop-at-end"])
            let after = try generations(program)
            let newest = try #require(after.keys.max())
            #expect(newest > 1 && after.count == 2, "\(after) \(trained.log)")
            try check(program, ["models", "show", "\(newest)"])
            #expect(after.values.contains("serving"))
            try send(40, from: 40, program)
            try check(program, ["serve", "--stop-at-end", "--set", "training.enabled=false"])
            #expect(try listedGenerations().isSubset(of: [nil, 1, newest]))
            #expect(try check(program, ["explain", "u7"]).output.contains("identical"))
        }

        // MARK: - Steps

        /// Every item once, then again.
        private func send(_ count: Int, from start: Int, _ program: Program) throws {
            let lines = (start..<(start + count)).map { index in
                #"{"event_time":\#(1_700_000_000 + index),"event_type":"view","product_id":"p\#(index * 7 % Self.items)","#
                    + #""user_id":"u\#(index % 211)"}"#
            }
            try check(program, ["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
        }

        private func setQuota(_ change: String) throws {
            try KafkaTool.shell(
                #""$0" tool configs --bootstrap-server "$1" --alter --entity-type clients "#
                    + "--entity-name freshet:one:leader " + change, cluster.bootstrap)
        }

        /// The keys in the models topic, committed or not, as soon as a chunk of a generation is among them.
        private func waitForChunk(of number: Int, _ service: Program.Running) throws -> [String] {
            let reader = try PartitionReader([
                "bootstrap.servers": cluster.bootstrap, "isolation.level": "read_uncommitted",
            ])
            try reader.assign([PartitionOffset("freshet.models", 0, 0)])
            let deadline = Date(timeIntervalSinceNow: 120)
            var keys: [String] = []
            while Date() < deadline {
                let polled = reader.poll(max: 100, timeoutMilliseconds: 20)
                for message in polled.messages {
                    let key = message.key.map { String(decoding: $0, as: UTF8.self) } ?? ""
                    if key.hasPrefix("\(number)/") || key == "decision/\(number)" { keys.append(key) }
                }
                polled.messages.destroy()
                if !keys.isEmpty { return keys }
            }
            throw ProgramFailure(what: "generation \(number) was never begun:\n\(service.log)")
        }

        /// What `models list` shows.
        private func generations(_ program: Program) throws -> [Int: String] {
            var found: [Int: String] = [:]
            for line in try check(program, ["models", "list", "--json"]).output.split(separator: "\n") {
                let members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
                if let number = members["generation"] as? Int { found[number] = members["state"] as? String }
            }
            return found
        }

        /// The generations that committed lists name.
        private func listedGenerations() throws -> Set<Int?> {
            let reader = try PartitionReader(["bootstrap.servers": cluster.bootstrap])
            try reader.assign((0..<2).map { PartitionOffset("recommendations", $0, 0) })
            var found: Set<Int?> = []
            var atEnd: Set<TopicPartition> = []
            while atEnd.count < 2 {
                let polled = reader.poll(max: 1000, timeoutMilliseconds: 1000)
                for message in polled.messages {
                    if let list = message.value.flatMap({ ListScanner.scan($0) }) {
                        found.insert(list.provenance.generation)
                    }
                }
                polled.messages.destroy()
                for case .endOfPartition(let end) in polled.events { atEnd.insert(end.place) }
            }
            return found
        }

        @discardableResult
        private func check(_ program: Program, _ arguments: [String], input: String? = nil) throws -> Program.Outcome {
            let outcome = try program.run(arguments, input: input, seconds: 240)
            #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
            return outcome
        }
    }
}

/// The same over the embedded broker, with the writer gone after each record in turn.
@Suite struct HalfPublicationTests {
    @Test func theEmbeddedBrokersReadersServeWholeGenerationsOnly() throws {
        let broker = try EmbeddedBroker()
        let settings = KafkaEventLog.Settings(
            client: KafkaSettings(bootstrapServers: broker.bootstrapServers), topics: TopicNames(),
            isTransactional: false, instanceID: nil, memberName: "killed", isStatic: false)
        try broker.createTopic("freshet.models", partitions: 1)
        let output = try KafkaModelsOutput(settings)
        let reading = KafkaTopicReading(settings)
        let models = try ModelsTopic(reading) { (records) throws(LogError) in try output.write(records) }
        // Two chunks and a manifest each; the broker keeps 5 MB.
        let items = (0..<70_000).map { "p\($0)" }
        let generation = Generation(
            number: 0, manifest: GenerationManifest(), items: items,
            factors: Matrix(items.indices.map { _ in [1, 2] }),
            neighbours: [], neighbourWeights: [], neighboursPerItem: 0)
        _ = try models.publish(generation, GenerationDecision(isPromoted: true, reason: .first))
        var decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        decision.serving = 1
        let records = models.shelf.publication(generation, decision, keeping: 3).records
        let whole = try #require(records.firstIndex { $0.key == "decision/2" })
        #expect(whole >= 2)
        for record in records[..<whole] {
            try output.write([record])
            #expect(try ReplayPublisher.served(reading)?.number == 1)
        }
        try models.refresh()
        #expect(models.shelf.choice?.number == 1)
        // What the dead writer left does not mix with the next one's.
        _ = try models.publish(generation, decision)
        #expect(try ReplayPublisher.served(reading)?.number == 3)
    }
}
