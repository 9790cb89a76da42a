import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// What the topics themselves refuse: the program on a real Kafka.
    @Suite struct TopicLimitTests {
        private let shop: ProgramShop

        init() throws {
            // Partitions that are added are noticed with the next look at the topic.
            shop = try ProgramShop(["FRESHET_KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "500"])
        }

        private func admin() throws -> Admin { try Admin(KafkaSettings(bootstrapServers: shop.cluster.bootstrap)) }

        @Test func addedPartitionsAreRefused() throws {
            try shop.send(200, from: 0)
            try shop.check(["serve", "--stop-at-end"])
            let service = try shop.program.start(["serve"])
            try shop.wait("it works") { service.log.contains("going on at offset") }
            try admin().createPartitions("events", total: 3)
            let ended = try service.wait(seconds: 60)
            #expect(ended.status == 65)
            #expect(ended.log.contains("partitions were added") && ended.log.contains("ingest.rekey"), "\(ended.log)")
            // A comparison that cannot be made is no difference.
            for (command, status) in [
                (["serve", "--stop-at-end"], 65), (["state", "hash"], 65), (["replay", "--verify"], 65),
            ] as [([String], Int32)] {
                let refused = try shop.program.run(command)
                #expect(
                    refused.status == status && refused.log.contains("partitions were added"),
                    "\(command): \(refused.log)")
            }
        }

        @Test func listsThatAreTooLargeAreKept() throws {
            try shop.send(400, from: 0)
            // A bound that is lowered under way is met once: the service starts over, and knows it from then on.
            let service = try shop.program.start(["serve"])
            try shop.wait("all is committed") { shop.cluster.committed("freshet") == 400 }
            try KafkaTool.shell(
                #""$0" tool configs --bootstrap-server "$1" --alter --entity-type topics --entity-name recommendations "#
                    + "--add-config max.message.bytes=1000", shop.cluster.bootstrap)
            try shop.send(400, from: 400)
            try shop.wait("it starts over") { service.log.contains("starting over") }
            try shop.wait("all is committed", seconds: 60) { shop.cluster.committed("freshet") == 800 }
            service.interrupt()
            let ended = try service.wait()
            #expect(ended.status == 0)
            #expect(ended.log.components(separatedBy: "starting over").count == 2, "\(ended.log)")
            let kept = try shop.check(["dlq", "list"])
            #expect(kept.output.contains("too-large"), "\(kept.output)")
            // One that starts with the bound asks no broker to refuse anything.
            try shop.send(100, from: 800)
            let next = try shop.check(["serve", "--stop-at-end"])
            #expect(next.summary["events"] as? Int == 100 && next.summary["rejected"] as? Int == 0)
            #expect(!next.log.contains("starting over"), "\(next.log)")
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
            #expect(try shop.check(["dlq", "redrive", "--dry-run"]).output.contains("0 letters would be driven back"))
        }

        // MARK: - Steps
    }
}
