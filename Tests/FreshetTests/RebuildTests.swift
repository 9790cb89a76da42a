import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// A deployment rebuilt beside the old one, then put in its place, as the README says.
    @Suite struct RebuildTests {
        @Test func theNewDeploymentTakesOver() throws {
            let old = try ProgramShop()
            let changed = ["FRESHET_APPLICATION_ID": "next", "FRESHET_RANKING_VARIANT": "next"]
            let new = old.with(changed)
            let silent = new.with(["FRESHET_PUBLISHING_ENABLED": "false"])
            try old.send(400, from: 0)
            let oldService = try old.program.start(["serve"])
            try old.waitForCommit(400)

            // Beside it: other internal topics and groups, no output.
            try silent.check(["topics", "create"])
            let silentService = try silent.program.start(["serve"])
            try old.send(200, from: 400)
            try new.waitForCommit(600, group: "next")
            try old.waitForCommit(600)
            #expect(try newest(old).values.allSatisfy { $0.variant == "default" })
            let states = try [old, new].map { try $0.check(["state", "hash", "--json"]).summary["users"] as? String }
            #expect(states[0] == states[1])

            // The new one first, so that the old one's last lists lie behind the place where it goes on.
            try old.stop(silentService)
            try old.send(100, from: 600)
            try old.waitForCommit(700)
            try old.stop(oldService)
            let service = try new.program.start(["serve"])
            try old.send(old.users, from: 700)
            try new.waitForCommit(700 + Int64(old.users), group: "next")
            try old.stop(service)
            let lists = try newest(old)
            #expect(lists.count == old.users)
            #expect(lists.values.allSatisfy { $0.variant == "next" })
            #expect(try new.check(["replay", "--verify"]).output.contains("identical"))
            #expect(try new.check(["explain", "u3"]).status == 0)
        }

        /// Partitions were added, so that users moved: the old deployment stops, and one that keys the input again takes over.
        @Test func partitionsThatWereAddedAreRebuiltBeside() throws {
            let old = try ProgramShop()
            try old.send(400, from: 0)
            try old.check(["serve", "--stop-at-end"])
            try Admin(["bootstrap.servers": old.cluster.bootstrap]).createPartitions("events", total: 3)
            try old.send(200, from: 400)
            let stopped = try old.program.run(["serve", "--stop-at-end"])
            #expect(stopped.status != 0 && stopped.log.contains("partitions were added"), "\(stopped.log.suffix(2000))")

            let new = old.with([
                "FRESHET_APPLICATION_ID": "next", "FRESHET_RANKING_VARIANT": "next", "FRESHET_INGEST_REKEY": "true",
            ])
            let silent = new.with(["FRESHET_PUBLISHING_ENABLED": "false"])
            try silent.check(["topics", "create"])
            let caughtUp = try silent.check(["serve", "--stop-at-end"]).summary
            #expect(caughtUp["events"] as? Int == 600 && caughtUp["rejected"] as? Int == 0)
            #expect(try newest(old).values.allSatisfy { $0.variant == "default" })
            try old.send(old.users, from: 600)
            #expect(try new.check(["serve", "--stop-at-end"]).summary["events"] as? Int == old.users)
            let lists = try newest(old)
            #expect(lists.count == old.users)
            #expect(lists.values.allSatisfy { $0.variant == "next" })
            #expect(try new.check(["replay", "--verify"]).output.contains("identical"))
        }

        // MARK: - Steps

        private struct List: Decodable {
            struct Provenance: Decodable {
                let variant: String
            }

            let provenance: Provenance
            var variant: String { provenance.variant }
        }

        /// The newest list of every user, as a committed reader sees it.
        private func newest(_ shop: ProgramShop) throws -> [String: List] {
            var found: [String: List] = [:]
            for record in try shop.records("recommendations") {
                guard let value = record.value else { continue }
                found[record.key] = try JSONDecoder().decode(List.self, from: Data(value))
            }
            return found
        }
    }
}
