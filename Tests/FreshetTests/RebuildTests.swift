import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// A deployment rebuilt beside the old one, then put in its place, as the README says.
    @Suite struct RebuildTests {
        private static let users = 31

        @Test func theNewDeploymentTakesOver() throws {
            let cluster = try KafkaCluster()
            let common = ["KAFKA_BOOTSTRAP": cluster.bootstrap, "FRESHET_TRAINING_ENABLED": "false"]
            let old = Program(environment: common)
            let changed = common.merging(["FRESHET_APPLICATION_ID": "next", "FRESHET_RANKING_VARIANT": "next"]) { $1 }
            let silent = Program(environment: changed.merging(["FRESHET_PUBLISHING_ENABLED": "false"]) { $1 })
            let new = Program(environment: changed)
            try check(old, ["topics", "create", "--partitions", "2"])
            try send(400, from: 0, old)
            let oldService = try old.start(["serve"])
            try waitForCommit("freshet", 400, cluster)

            // Beside it: other internal topics and groups, no output.
            try check(silent, ["topics", "create"])
            let silentService = try silent.start(["serve"])
            try send(200, from: 400, old)
            try waitForCommit("next", 600, cluster)
            try waitForCommit("freshet", 600, cluster)
            #expect(try newest(cluster).values.allSatisfy { $0.variant == "default" })
            let states = try [old, new].map { try check($0, ["state", "hash", "--json"]).summary["users"] as? String }
            #expect(states[0] == states[1])

            // The new one first, so that the old one's last lists lie behind the place where it goes on.
            try stop(silentService)
            try send(100, from: 600, old)
            try waitForCommit("freshet", 700, cluster)
            try stop(oldService)
            let service = try new.start(["serve"])
            try send(Self.users, from: 700, old)
            try waitForCommit("next", 700 + Int64(Self.users), cluster)
            try stop(service)
            let lists = try newest(cluster)
            #expect(lists.count == Self.users)
            #expect(lists.values.allSatisfy { $0.variant == "next" })
            #expect(try check(new, ["replay", "--verify"]).output.contains("identical"))
            #expect(try check(new, ["explain", "u3"]).status == 0)
        }

        // MARK: - Steps

        private func send(_ count: Int, from start: Int, _ program: Program) throws {
            let lines = (start..<(start + count)).map { index in
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"view","product_id":"p\#(index * index % 97)","#
                    + #""user_id":"u\#(index * 7 % Self.users)"}"#
            }
            try check(program, ["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
        }

        private func stop(_ service: Program.Running) throws {
            service.interrupt()
            let ended = try service.wait()
            #expect(ended.status == 0, "\(ended.log)")
        }

        private func waitForCommit(_ group: String, _ count: Int64, _ cluster: KafkaCluster) throws {
            let deadline = Date(timeIntervalSinceNow: 60)
            while true {
                let sum = cluster.committed(group)
                if sum >= count { return }
                guard Date() < deadline else { throw ProgramFailure(what: "\(group) stands at \(sum) of \(count)") }
                Thread.sleep(forTimeInterval: 0.1)
            }
        }

        private struct List: Decodable {
            struct Provenance: Decodable {
                let variant: String
            }

            let provenance: Provenance
            var variant: String { provenance.variant }
        }

        /// The newest list of every user, as a committed reader sees it.
        private func newest(_ cluster: KafkaCluster) throws -> [String: List] {
            let reader = try PartitionReader(["bootstrap.servers": cluster.bootstrap])
            try reader.assign((0..<2).map { PartitionOffset("recommendations", $0, 0) })
            var found: [String: List] = [:]
            var atEnd: Set<TopicPartition> = []
            while atEnd.count < 2 {
                let polled = reader.poll(max: 1000, timeoutMilliseconds: 1000)
                for message in polled.messages {
                    guard let key = message.key, let value = message.value else { continue }
                    found[String(decoding: key, as: UTF8.self)] = try JSONDecoder().decode(List.self, from: Data(value))
                }
                polled.messages.destroy()
                for case .endOfPartition(let end) in polled.events { atEnd.insert(end.place) }
            }
            return found
        }

        @discardableResult
        private func check(_ program: Program, _ arguments: [String], input: String? = nil) throws -> Program.Outcome {
            let outcome = try program.run(arguments, input: input)
            #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
            return outcome
        }
    }
}
