import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// `replay --publish`, `state export` and `replay --base`: the program on a real Kafka.
    @Suite struct ReplayProgramTests {
        private static let users = 31
        private let cluster: KafkaCluster
        private let program: Program

        init() throws {
            cluster = try KafkaCluster()
            program = Program(environment: [
                "KAFKA_BOOTSTRAP": cluster.bootstrap, "FRESHET_TRAINING_ENABLED": "false",
            ])
            try check(["topics", "create", "--partitions", "2"])
        }

        @Test(arguments: ["exactly_once", "at_least_once"])
        func everyListIsPublishedOnce(guarantee: String) throws {
            try send(400, from: 0)
            let published = try check(["replay", "--publish", "--json", "--set", "processing.guarantee=\(guarantee)"])
            #expect(published.summary["lists"] as? Int == Self.users)
            let lists = try lists()
            #expect(lists.count == Self.users && Set(lists).count == Self.users)
            // The service goes on from there, and the lists can be computed again.
            #expect(try check(["explain", "u3"]).output.contains("identical"))
            let next = try check(["serve", "--stop-at-end"])
            #expect(next.summary["events"] as? Int == 0 && next.summary["lists"] as? Int == 0)
            #expect(next.summary["users"] as? String == published.summary["users"] as? String)
            #expect(next.summary["items"] as? String == published.summary["items"] as? String)
            #expect(try check(["replay", "--verify"]).output.contains("identical"))
            let again = try program.run(["replay", "--publish"])
            #expect(again.status == 1 && again.log.contains("freshet reset"))
        }

        /// A replay that is killed has published nothing, and the one after it publishes everything once.
        @Test func aKilledReplayHasPublishedNothing() throws {
            // Enough users for a publication that lasts.
            try send(6000, from: 0, users: 2999)
            let first = try program.start(["replay", "--publish"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while try lists(isCommitted: false).isEmpty, Date() < deadline {}
            first.kill()
            #expect(try first.wait().status != 0)
            try check(["reset", "--yes"])
            let second = try check(["replay", "--publish", "--json"])
            let lists = try lists()
            #expect(second.summary["lists"] as? Int == 2999)
            #expect(lists.count == 2999 && Set(lists).count == 2999)
        }

        @Test func anExportedStateIsReplayedWhereTheBeginningHasExpired() throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("base-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let file = folder.appendingPathComponent("base.jsonl").path
            try send(400, from: 0)
            let before = try check(["serve", "--stop-at-end"]).summary
            try check(["state", "export", file])
            try send(200, from: 400)
            try check(["serve", "--stop-at-end"])
            #expect(try check(["replay", "--verify", "--base", file]).output.contains("identical"))
            try expire("events", before: try head(of: file).offsets)
            // Without the base, users with expired events cannot be verified: here that is everybody.
            let verified = try program.run(["replay", "--verify"])
            #expect(verified.status == 1 && verified.output.contains("NOT VERIFIABLE: \(Self.users) users"))
            #expect(!verified.output.contains("identical"))
            // New users can be.
            try send(10, from: 600, users: 1000)
            let after = try check(["serve", "--stop-at-end"]).summary
            let partly = try check(["replay", "--verify"]).output
            #expect(partly.contains("identical: 10 users; \(Self.users) users not verifiable"), "\(partly)")
            try check(["reset", "--yes"])
            let rebuilt = try check(["replay", "--base", file, "--json"]).summary
            #expect(rebuilt["users"] as? String == after["users"] as? String)
            #expect(rebuilt["events"] as? Int == 210)
            let served = try check(["serve", "--stop-at-end"]).summary
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
                let refused = try program.run(["replay", "--verify", "--base", file + ".broken"])
                #expect(refused.status == 65 && refused.log.contains(says), "\(says): \(refused.log)")
            }
            for wrong in [["--verify", "--publish"], ["--base", file, "--from", "3"], ["--verify", "--until", "3"]] {
                #expect(try program.run(["replay"] + wrong).status == 64)
            }
        }

        /// The item log's beginning goes without a snapshot that stands for it.
        @Test func anExpiredItemLogIsRefused() throws {
            try send(400, from: 0)
            // Killed, it leaves no snapshot; the end would write one.
            let service = try program.start(["serve"])
            let deadline = Date(timeIntervalSinceNow: 60)
            while cluster.committed("freshet") < 400, Date() < deadline { Thread.sleep(forTimeInterval: 0.1) }
            service.kill()
            _ = try service.wait()
            try expire("freshet.items", before: ["0": 1])
            for command in [["serve", "--stop-at-end"], ["state", "hash"], ["train", "--dry-run"]] {
                let refused = try program.run(command)
                #expect(refused.status == 1, "\(command)")
                #expect(refused.log.contains("has expired") && refused.log.contains("freshet replay"), "\(refused.log)")
            }
            // The killed one counts as a member until its session ends.
            let empty = Date(timeIntervalSinceNow: 60)
            while try program.run(["reset", "--yes"]).status != 0, Date() < empty { Thread.sleep(forTimeInterval: 0.5) }
            try check(["replay"])
            #expect(try check(["serve", "--stop-at-end"]).summary["events"] as? Int == 0)
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
            let file = cluster.folder + "/expire.json"
            try #"{"version":1,"partitions":[\#(places.joined(separator: ","))]}"#
                .write(toFile: file, atomically: true, encoding: .utf8)
            try KafkaTool.shell(
                #""$0" tool delete-records --bootstrap-server "$1" --offset-json-file "$2""#, cluster.bootstrap, file)
        }

        private func send(_ count: Int, from start: Int, users: Int = users) throws {
            let lines = (start..<(start + count)).map { index in
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"p\#(index * index % 97)","#
                    + #""user_id":"u\#(index * 7 % users)"}"#
            }
            try check(["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
        }

        /// The keys of all lists that a reader sees.
        private func lists(isCommitted: Bool = true) throws -> [String] {
            let reader = try PartitionReader([
                "bootstrap.servers": cluster.bootstrap,
                "isolation.level": isCommitted ? "read_committed" : "read_uncommitted",
            ])
            try reader.assign((0..<2).map { PartitionOffset("recommendations", $0, 0) })
            var found: [String] = []
            var atEnd: Set<TopicPartition> = []
            while atEnd.count < 2 {
                let polled = reader.poll(max: 1000, timeoutMilliseconds: 1000)
                for message in polled.messages where message.value != nil {
                    found.append(message.key.map { String(decoding: $0, as: UTF8.self) } ?? "")
                }
                polled.messages.destroy()
                for case .endOfPartition(let end) in polled.events { atEnd.insert(end.place) }
            }
            return found
        }

        @discardableResult
        private func check(_ arguments: [String], input: String? = nil) throws -> Program.Outcome {
            let outcome = try program.run(arguments, input: input)
            #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
            return outcome
        }
    }
}
