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
            #expect(again.status == 65 && again.log.contains("freshet reset"))
        }

        /// A replay that is killed has published nothing, and the one after it publishes everything once.
        @Test func aKilledReplayHasPublishedNothing() throws {
            // Enough users for a publication that lasts.
            try shop.send(18_000, from: 0, users: 8999)
            let first = try shop.program.start(["replay", "--publish"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while try lists(isCommitted: false).isEmpty, Date() < deadline {}
            first.kill()
            #expect(try first.wait().status != 0)
            try shop.check(["reset", "--yes"])
            let second = try shop.check(["replay", "--publish", "--json"])
            let lists = try lists()
            #expect(second.summary["lists"] as? Int == 8999)
            #expect(lists.count == 8999 && Set(lists).count == 8999)
        }

        /// What would leave events behind that nobody has learnt is refused, and nothing is written.
        @Test(arguments: [
            (["--from", "99999999"], "there is nothing to replay from 99999999"),
            (["--from", "2099-01-01T00:00:00Z"], "there is nothing to replay from 2099"),
            (["--until", "2001-01-01T00:00:00Z"], "there is nothing to replay until 2001"),
            (["--from", "yesterday"], "neither an offset nor a time"),
            (["--verify"], "there is nothing to verify"),
        ])
        func aReplayOfNothingIsRefused(_ arguments: [String], _ message: String) throws {
            try shop.send(300, from: 0)
            let run = try shop.program.run(["replay"] + arguments)
            #expect(run.status != 0 && run.log.contains(message), "\(run.status) \(run.log)")
            #expect(!run.output.contains("identical"))
            #expect(try shop.check(["serve", "--stop-at-end"]).summary["events"] as? Int == 300)
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

        /// A replay beside a service at work disturbs nothing, and finds its state as the committed offsets have it.
        @Test func itVerifiesBesideALivingService() throws {
            let service = try shop.program.start(["serve"])
            try shop.send(400, from: 0)
            try shop.waitForCommit(400)
            for round in 0..<3 {
                let flow = try shop.program.start(
                    ["produce", "-", "--format", "jsonl", "--rate", "300"], input: lines(round))
                let found = try shop.check(["replay", "--verify"])
                #expect(found.output.contains("identical"), "\(found.output)")
                #expect(try flow.wait().status == 0)
            }
            try shop.waitForCommit(400 + 3 * 600)
            let writing = try shop.program.run(["replay"])
            #expect(writing.status == 75 && writing.log.contains("at work"), "\(writing.log)")
            try shop.stop(service)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))
        }

        private func lines(_ round: Int) -> String {
            let indices = (400 + round * 600)..<(1000 + round * 600)
            return indices.map { ProgramShop.event($0, user: shop.user($0)) }.joined(separator: "\n")
        }

        /// A part of the topic, by offset and by time; the service goes on where it ends.
        @Test func aPartIsReplayedAndTheServiceGoesOn() throws {
            try shop.send(600, from: 0)
            Thread.sleep(forTimeInterval: 1.1)
            let middle = ISO8601DateFormatter().string(from: Date())
            Thread.sleep(forTimeInterval: 1.1)
            try shop.send(300, from: 600)
            let whole = shop.with(["FRESHET_APPLICATION_ID": "whole"])
            try whole.check(["topics", "create"])
            let all = try whole.check(["replay", "--json"]).summary
            #expect(all["events"] as? Int == 900)

            let early = try shop.check(["replay", "--until", middle, "--json"]).summary
            #expect(early["events"] as? Int == 600)
            let rest = try shop.check(["serve", "--stop-at-end"]).summary
            #expect(rest["events"] as? Int == 300)
            #expect(rest["users"] as? String == all["users"] as? String)
            #expect(try shop.check(["replay", "--verify"]).output.contains("identical"))

            try shop.check(["reset", "--yes"])
            #expect(try shop.check(["replay", "--until", "100", "--json"]).summary["events"] as? Int == 200)
            #expect(try shop.check(["serve", "--stop-at-end"]).summary["users"] as? String == all["users"] as? String)

            // From a place on, twice the same; what lies before it is not in the state.
            for choice in ["100", middle] {
                let found = try (0..<2).map { _ in
                    try shop.check(["reset", "--yes"])
                    return try shop.check(["replay", "--from", choice, "--json"]).summary
                }
                #expect(found[0]["events"] as? Int == (choice == "100" ? 700 : 300))
                #expect(found[0]["users"] as? String == found[1]["users"] as? String)
                #expect(found[0]["items"] as? String == found[1]["items"] as? String)
                #expect(found[0]["users"] as? String != all["users"] as? String)
            }
            try shop.check(["reset", "--yes"])
            let backwards = try shop.program.run(["replay", "--from", "300", "--until", "100"])
            #expect(
                backwards.status == 64 && backwards.log.contains("nothing to replay"),
                "\(backwards.log)\(backwards.output)")
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
            for (command, status) in [
                (["serve", "--stop-at-end"], 65), (["state", "hash"], 65), (["train", "--dry-run"], 65),
            ] as [([String], Int32)] {
                let refused = try shop.program.run(command)
                #expect(refused.status == status, "\(command)")
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
