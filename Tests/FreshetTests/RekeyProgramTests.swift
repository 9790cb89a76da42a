import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// `ingest.rekey` on a real Kafka: events whose records have no key, or another one than the user.
    @Suite struct RekeyProgramTests {
        @Test func usersMeetInOnePartition() throws {
            let shop = try ProgramShop(["FRESHET_INGEST_REKEY": "true"])
            let producer = try Producer(["bootstrap.servers": shop.cluster.bootstrap, "linger.ms": "5"])
            let topic = producer.topic("events")
            for index in 0..<600 {
                let value = Array(ProgramShop.event(index, user: shop.user(index)).utf8)
                let session = Array("session \(index)".utf8)
                try session.withUnsafeBytes { key in
                    try value.withUnsafeBytes {
                        _ = try producer.send(topic, key: index % 2 == 0 ? nil : key, value: $0)
                    }
                }
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            let summary = try shop.check(["serve", "--stop-at-end"]).summary
            #expect(summary["events"] as? Int == 600 && summary["rejected"] as? Int == 0)
            #expect(Set(try shop.records("recommendations").map(\.key)).count == shop.users)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))

            // The copy is what a state is made of: it stays, and is not made a second time.
            try shop.check(["topics", "check"])
            let reset = try shop.check(["reset", "--yes"]).output
            #expect(reset.contains("deleted topic freshet.users") && !reset.contains("freshet.events"), "\(reset)")
            #expect(!reset.contains("freshet.rekey"), "\(reset)")
            try shop.check(["replay"])
            let again = try shop.check(["serve", "--stop-at-end"]).summary
            #expect(again["events"] as? Int == 0)
            #expect(again["users"] as? String == summary["users"] as? String)

            // Without it each of them is a dead letter.
            let strict = shop.with([
                "FRESHET_INGEST_REKEY": "false", "FRESHET_APPLICATION_ID": "strict",
                "FRESHET_PUBLISHING_ENABLED": "false",
            ])
            try strict.check(["topics", "create"])
            #expect(try strict.check(["serve", "--stop-at-end"]).summary["rejected"] as? Int == 600)
        }
    }
}
