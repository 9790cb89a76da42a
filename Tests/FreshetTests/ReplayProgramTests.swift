import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// `replay --publish`, `state export` and `replay --base`: the program on a real Kafka.
    @Suite struct ReplayProgramTests {
        private let shop: ProgramShop

        init() throws { shop = try ProgramShop() }

        @Test(arguments: ["exactly_once", "at_least_once"])
        func everyListIsPublishedOnce(guarantee: String) throws {
            try shop.send(400, from: 0)
            let published = try shop.check([
                "replay", "--publish", "--json", "--set", "processing.guarantee=\(guarantee)",
            ])
            #expect(published.summary["lists"] as? Int == shop.users)
            let lists = try lists()
            #expect(lists.count == shop.users && Set(lists).count == shop.users)
            // The service goes on from there, and the lists can be computed again.
            #expect(try shop.check(["explain", "u3"]).output.contains("identical"))
            let next = try shop.check(["serve", "--stop-at-end"])
            #expect(next.summary["events"] as? Int == 0 && next.summary["lists"] as? Int == 0)
            #expect(next.summary["users"] as? String == published.summary["users"] as? String)
            #expect(next.summary["items"] as? String == published.summary["items"] as? String)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
            let again = try shop.program.run(["replay", "--publish"])
            #expect(again.status == 1 && again.log.contains("freshet reset"))
        }

        /// A replay that is killed has published nothing, and the one after it publishes everything once.
        @Test func aKilledReplayHasPublishedNothing() throws {
            // Enough users for a publication that lasts.
            try shop.send(6000, from: 0, users: 2999)
            let first = try shop.program.start(["replay", "--publish"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while try lists(isCommitted: false).isEmpty, Date() < deadline {}
            first.kill()
            #expect(try first.wait().status != 0)
            try shop.check(["reset", "--yes"])
            let second = try shop.check(["replay", "--publish", "--json"])
            let lists = try lists()
            #expect(second.summary["lists"] as? Int == 2999)
            #expect(lists.count == 2999 && Set(lists).count == 2999)
        }

        @Test func anExportedStateIsReplayedWhereTheBeginningHasExpired() throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("base-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appendingPathComponent("base.jsonl").path
            try shop.send(400, from: 0)
            let before = try shop.check(["serve", "--stop-at-end"]).summary
            try shop.check(["state", "export", file])
            try shop.send(200, from: 400)
            try shop.check(["serve", "--stop-at-end"])
            #expect(try shop.check(["replay", "--verify", "--base", file]).output.contains("identical"))
            try expire("events", before: try head(of: file).offsets)
            // Without the base, users with expired events cannot be verified: here that is everybody.
            let verified = try shop.program.run(["replay", "--verify"])
            #expect(verified.status == 1 && verified.output.contains("NOT VERIFIABLE: \(shop.users) users"))
            #expect(!verified.output.contains("identical"))
            // New users can be.
            try shop.send(10, from: 600, users: 1000)
            let after = try shop.check(["serve", "--stop-at-end"]).summary
            let partly = try shop.check(["replay", "--verify"]).output
            #expect(partly.contains("identical: 10 users; \(shop.users) users not verifiable"), "\(partly)")
            try shop.check(["reset", "--yes"])
            let rebuilt = try shop.check(["replay", "--base", file, "--json"]).summary
            #expect(rebuilt["users"] as? String == after["users"] as? String)
            #expect(rebuilt["events"] as? Int == 210)
            let served = try shop.check(["serve", "--stop-at-end"]).summary
            #expect(served["users"] as? String == after["users"] as? String && served["events"] as? Int == 0)
            #expect(before["users"] as? String != after["users"] as? String)
            try damagedOnesAreRefused(file)
        }

        private func damagedOnesAreRefused(_ file: String) throws {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for (broken, says) in [
                (String(text.prefix(text.count / 2)), "is damaged"), ("{}\n", "is no state"),
                (text.replacing(#""version":1}"#, with: #""version":9}"#), "has version 9"),
                (text.replacing(#""users_hash":""#, with: #""users_hash":"0"#), "is not what its first line says"),
            ] {
                try broken.write(toFile: file + ".broken", atomically: false, encoding: .utf8)
                let refused = try shop.program.run(["replay", "--verify", "--base", file + ".broken"])
                #expect(refused.status == 65 && refused.log.contains(says), "\(says): \(refused.log)")
            }
            for wrong in [["--verify", "--publish"], ["--base", file, "--from", "3"], ["--verify", "--until", "3"]] {
                #expect(try shop.program.run(["replay"] + wrong).status == 64)
            }
        }

        /// The item log's beginning goes without a snapshot that stands for it.
        @Test func anExpiredItemLogIsRefused() throws {
            try shop.send(400, from: 0)
            // Killed, it leaves no snapshot; the end would write one.
            let service = try shop.program.start(["serve"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while shop.cluster.committed("freshet") < 400, Date() < deadline { Thread.sleep(forTimeInterval: 0.1) }
            service.kill()
            _ = try service.wait()
            try expire("freshet.items", before: ["0": 1])
            for command in [["serve", "--stop-at-end"], ["state", "hash"], ["train", "--dry-run"]] {
                let refused = try shop.program.run(command)
                #expect(refused.status == 1, "\(command)")
                #expect(refused.log.contains("has expired") && refused.log.contains("freshet replay"), "\(refused.log)")
            }
            // The killed one counts as a member until its session ends.
            let empty = Date(timeIntervalSinceNow: 60)
            while try shop.program.run(["reset", "--yes"]).status != 0, Date() < empty {
                Thread.sleep(forTimeInterval: 0.5)
            }
            try shop.check(["replay"])
            #expect(try shop.check(["serve", "--stop-at-end"]).summary["events"] as? Int == 0)
        }

        // MARK: - Steps

        private struct Head: Decodable { let offsets: [String: Int64] }

        private func head(of file: String) throws -> Head {
            let line = try String(contentsOfFile: file, encoding: .utf8).prefix { $0 != "\n" }
            return try JSONDecoder().decode(Head.self, from: Data(line.utf8))
        }

        /// Deletes a topic's records before an offset of each partition, as retention does.
        private func expire(_ topic: String, before offsets: [String: Int64]) throws {
            let places = offsets.map { #"{"topic":"\#(topic)","partition":\#($0.key),"offset":\#($0.value)}"# }
            let file = shop.cluster.folder + "/expire.json"
            try #"{"version":1,"partitions":[\#(places.joined(separator: ","))]}"#
                .write(toFile: file, atomically: true, encoding: .utf8)
            try KafkaTool.shell(
                #""$0" tool delete-records --bootstrap-server "$1" --offset-json-file "$2""#, shop.cluster.bootstrap,
                file)
        }

        /// The keys of all lists that a reader sees.
        private func lists(isCommitted: Bool = true) throws -> [String] {
            try shop.records("recommendations", isCommitted: isCommitted).filter { $0.value != nil }.map(\.key)
        }
    }
}
