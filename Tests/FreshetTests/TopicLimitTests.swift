import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// What the topics themselves refuse: the program on a real Kafka.
    @Suite struct TopicLimitTests {
        private let cluster: KafkaCluster
        private let program: Program

        init() throws {
            cluster = try KafkaCluster()
            program = Program(environment: [
                "KAFKA_BOOTSTRAP": cluster.bootstrap, "FRESHET_TRAINING_ENABLED": "false",
                // Partitions that are added are noticed with the next look at the topic.
                "FRESHET_KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "500",
            ])
        }

        private func admin() throws -> Admin { try Admin(KafkaSettings(bootstrapServers: cluster.bootstrap)) }

        @Test func addedPartitionsAreRefused() throws {
            try check(["topics", "create", "--partitions", "2"])
            try send(200, from: 0)
            try check(["serve", "--stop-at-end"])
            let service = try program.start(["serve"])
            try waitUntil("it works") { service.log.contains("going on at offset") }
            try admin().createPartitions("events", total: 3)
            let ended = try service.wait(seconds: 60)
            #expect(ended.status == 1)
            #expect(ended.log.contains("partitions were added") && ended.log.contains("ingest.rekey"), "\(ended.log)")
            for command in [["serve", "--stop-at-end"], ["state", "hash"], ["replay", "--verify"]] {
                let refused = try program.run(command)
                #expect(
                    refused.status == 1 && refused.log.contains("partitions were added"), "\(command): \(refused.log)")
            }
        }

        @Test func listsThatAreTooLargeAreKept() throws {
            try check(["topics", "create", "--partitions", "2"])
            try send(400, from: 0)
            // A bound that is lowered under way is met once: the service starts over, and knows it from then on.
            let service = try program.start(["serve"])
            try waitUntil("all is committed") { cluster.committed("freshet") == 400 }
            try KafkaTool.shell(
                #""$0" tool configs --bootstrap-server "$1" --alter --entity-type topics --entity-name recommendations "#
                    + "--add-config max.message.bytes=1000", cluster.bootstrap)
            try send(400, from: 400)
            try waitUntil("it starts over") { service.log.contains("starting over") }
            try waitUntil("all is committed", seconds: 60) { cluster.committed("freshet") == 800 }
            service.interrupt()
            let ended = try service.wait()
            #expect(ended.status == 0)
            #expect(ended.log.components(separatedBy: "starting over").count == 2, "\(ended.log)")
            let kept = try check(["dlq", "list"])
            #expect(kept.output.contains("too-large"), "\(kept.output)")
            // One that starts with the bound asks no broker to refuse anything.
            try send(100, from: 800)
            let next = try check(["serve", "--stop-at-end"])
            #expect(next.summary["events"] as? Int == 100 && next.summary["rejected"] as? Int == 0)
            #expect(!next.log.contains("starting over"), "\(next.log)")
            #expect(try check(["replay", "--verify"]).output.contains("identical"))
            #expect(try check(["dlq", "redrive", "--dry-run"]).output.contains("0 letters would be driven back"))
        }

        // MARK: - Steps

        private func send(_ count: Int, from start: Int) throws {
            let lines = (start..<(start + count)).map { index in
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"product-\#(index * index % 97)","#
                    + #""user_id":"u\#(index * 7 % 31)"}"#
            }
            try check(["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
        }

        private func waitUntil(_ what: String, seconds: Double = 30, _ condition: () throws -> Bool) throws {
            let deadline = Date(timeIntervalSinceNow: seconds)
            while try !condition() {
                guard Date() < deadline else { throw ProgramFailure(what: what) }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }

        @discardableResult
        private func check(_ arguments: [String], input: String? = nil) throws -> Program.Outcome {
            let outcome = try program.run(arguments, input: input)
            #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
            return outcome
        }
    }
}
