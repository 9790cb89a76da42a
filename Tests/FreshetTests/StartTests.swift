import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// What `serve` says where it cannot begin.
    @Suite struct StartTests {
        /// A broker may make topics by itself, with one partition each and nothing compacted.
        @Test func missingTopicsAreNotMadeByChance() throws {
            let cluster = try KafkaCluster()
            let program = Program(environment: ["KAFKA_BOOTSTRAP": cluster.bootstrap])
            let refused = try program.run(["serve"], seconds: 30)
            #expect(refused.status == 69)
            #expect(refused.log.contains("there is no topic events") && refused.log.contains("freshet topics create"))
            let topics = try Admin(KafkaSettings(bootstrapServers: cluster.bootstrap)).listTopics()
            #expect(topics.allSatisfy { $0.name.hasPrefix("__") }, "\(topics.map(\.name))")

            #expect(try program.run(["topics", "create", "--partitions", "2"]).log == "")
            try Admin(KafkaSettings(bootstrapServers: cluster.bootstrap)).createPartitions("freshet.items", total: 2)
            let again = try program.run(["topics", "create"])
            #expect(again.status == 0 && again.log.contains("freshet topics check"), "\(again.log)")
        }

        @Test func anUnreachableBrokerIsSaidAndWaitedFor() throws {
            let program = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1"])
            for guarantee in ["exactly_once", "at_least_once"] {
                let service = try program.start(["serve", "--set", "processing.guarantee=\(guarantee)"])
                let deadline = Date(timeIntervalSinceNow: 20)
                while !service.log.contains("no broker answers at 127.0.0.1:1"), Date() < deadline {
                    Thread.sleep(forTimeInterval: 0.1)
                }
                #expect(service.log.contains("no broker answers at 127.0.0.1:1"))
                service.interrupt()
                #expect(try service.wait(seconds: 10).status == 0)
            }
        }

        @Test func aBrokerThatGoesAwayIsNamed() throws {
            let cluster = try KafkaCluster()
            let program = Program(environment: ["KAFKA_BOOTSTRAP": cluster.bootstrap])
            #expect(try program.run(["topics", "create", "--partitions", "2"]).status == 0)
            let port = try LoopbackHTTP.freePort()
            let service = try program.start(["serve", "--http", "127.0.0.1:\(port)"])
            func wait(_ seconds: Double, _ path: String, _ isReached: (String) -> Bool) {
                let deadline = Date(timeIntervalSinceNow: seconds)
                var answer = ""
                while Date() < deadline {
                    answer = LoopbackHTTP.get(path, port: port) ?? ""
                    if isReached(answer) { return }
                    Thread.sleep(forTimeInterval: 0.1)
                }
                Issue.record("\(path): \(answer)\n\(service.log.suffix(3000))")
            }
            wait(60, "/metrics") { $0.contains("freshet_partition_lag{") }
            wait(60, "/ready") { $0.hasPrefix("HTTP/1.1 200") }
            try KafkaTool.shell(#""$0" kill --dir "$1""#, cluster.folder)
            // Sooner than the group would give the instance up.
            wait(5, "/ready") { $0.contains("broker_unreachable") }
            wait(10, "/metrics") { !$0.contains("freshet_partition_lag{") }
            try KafkaTool.shell(#""$0" resume --dir "$1" </dev/null >/dev/null 2>&1"#, cluster.folder)
            wait(90, "/ready") { $0.hasPrefix("HTTP/1.1 200") }
            wait(30, "/metrics") { $0.contains("freshet_partition_lag{") }
            service.interrupt()
            #expect(try service.wait(seconds: 30).status == 0)
        }

        @Test func settingsThatMakeNoClientEndIt() throws {
            let program = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1"])
            let unknown = try program.run(["serve", "--set", "kafka.foo=bar"], seconds: 20)
            #expect(
                unknown.status == 78 && unknown.log.contains("kafka.*") && unknown.log.contains("foo"), "\(unknown.log)"
            )
            // No broker is asked for what is wrong with the settings, and none is said to be missing.
            for setting in ["kafka.foo=bar", "kafka.ssl.ca.location=/none", "kafka.metadata.broker.list=h:1"] {
                for command in [["serve"], ["topics", "check"], ["watch"]] {
                    let wrong = try program.run(
                        command + ["--set", setting, "--set", "kafka.security.protocol=ssl"], seconds: 20)
                    #expect(wrong.status == 78 && !wrong.log.contains("no broker"), "\(command): \(wrong.log)")
                }
            }
        }
    }
}
