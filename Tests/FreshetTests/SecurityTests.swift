import Foundation
import Kafka
import Testing

extension ProgramTests {
    /// The program against brokers that ask who it is, with no more rights than the README's table gives it.
    @Suite struct SecurityTests {
        private static let authorizer = [
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            // The listener without a password belongs to the test and to the brokers themselves.
            "super.users=User:ANONYMOUS",
        ]

        private static func folder() throws -> String {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("secrets-\(UUID().uuidString)")
                .path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            return path
        }

        @Test func saslPlainOverTLS() throws {
            let password = "hidden-\(UUID().uuidString)"
            let cluster = try KafkaCluster(secure: "freshet:\(password)", options: Self.authorizer)
            let folder = try Self.folder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try Data((password + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/password"))
            try Rights.grant(to: "User:freshet", cluster)
            let common = [
                "KAFKA_BOOTSTRAP": cluster.secureBootstrap, "FRESHET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "FRESHET_KAFKA_SASL_MECHANISM": "PLAIN", "FRESHET_KAFKA_SASL_USERNAME": "freshet",
                "FRESHET_KAFKA_SSL_CA_LOCATION": cluster.folder + "/ca.pem",
            ]
            let byFile = common.merging(["FRESHET_KAFKA_SASL_PASSWORD_FILE": folder + "/password"]) { $1 }
            let byEnvironment = common.merging(["FRESHET_KAFKA_SASL_PASSWORD": password]) { $1 }
            try Job(cluster, Program(environment: byFile), secrets: [password]).run()
            let again = Job(cluster, Program(environment: byEnvironment), secrets: [password])
            try again.runAgain()
            try again.resetAndReplay("User:freshet")

            let wrong = Program(environment: common.merging(["FRESHET_KAFKA_SASL_PASSWORD": "no-\(password)"]) { $1 })
            for (command, status) in [(["doctor"], 1), (["topics", "check"], 69), (["serve"], 69)]
                as [([String], Int32)]
            {
                let began = ContinuousClock.now
                let refused = try wrong.run(command)
                #expect(refused.status == status && began.duration(to: .now) < .seconds(8), "\(command)")
                let said = refused.output + refused.log
                #expect(said.contains("cannot log in at") && said.contains("Invalid username or password"), "\(said)")
                #expect(!said.contains(password))
            }
            // A certificate that nobody vouches for, and a client that speaks no TLS where TLS is spoken.
            for (change, hint) in [
                (["FRESHET_KAFKA_SSL_CA_LOCATION": folder + "/other.pem"], "kafka.ssl.ca.location the authority"),
                (["FRESHET_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"], "connecting to a SSL listener?"),
            ] {
                try KafkaTool.shell(
                    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout \"$1/o.key\" -out \"$1/other.pem\"",
                    folder)
                let refused = try Program(environment: byFile.merging(change) { $1 }).run(["doctor"])
                #expect(refused.status == 1 && refused.output.contains(hint), "\(refused.output)")
            }
        }

        @Test func mutualTLS() throws {
            let passphrase = "hidden-\(UUID().uuidString)"
            let cluster = try KafkaCluster(
                secure: "unused:unused",
                options: Self.authorizer + [
                    "listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SSL",
                    "listener.name.secure.ssl.client.auth=required", "listener.name.secure.ssl.truststore.type=PEM",
                    "listener.name.secure.ssl.truststore.location=FOLDER/ca.pem",
                ])
            let folder = try Self.folder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try KafkaTool.shell(
                """
                cd "$1"
                openssl req -newkey rsa:2048 -passout "pass:$3" -subj /CN=freshet -keyout client.key -out client.csr
                openssl x509 -req -in client.csr -CA "$2/ca.pem" -CAkey "$2/ca.key" -CAcreateserial -days 2 -out client.pem
                """, folder, cluster.folder, passphrase)
            try Data(passphrase.utf8).write(to: URL(fileURLWithPath: folder + "/passphrase"))
            try Rights.grant(to: "User:CN=freshet", cluster)
            let common = [
                "KAFKA_BOOTSTRAP": cluster.secureBootstrap, "FRESHET_KAFKA_SECURITY_PROTOCOL": "SSL",
                "FRESHET_KAFKA_SSL_CA_LOCATION": cluster.folder + "/ca.pem",
                "FRESHET_KAFKA_SSL_CERTIFICATE_LOCATION": folder + "/client.pem",
                "FRESHET_KAFKA_SSL_KEY_LOCATION": folder + "/client.key",
            ]
            let byFile = common.merging(["FRESHET_KAFKA_SSL_KEY_PASSWORD_FILE": folder + "/passphrase"]) { $1 }
            let byEnvironment = common.merging(["FRESHET_KAFKA_SSL_KEY_PASSWORD": passphrase]) { $1 }
            try Job(cluster, Program(environment: byFile), secrets: [passphrase]).run()
            try Job(cluster, Program(environment: byEnvironment), secrets: [passphrase]).runAgain()

            // Without a certificate nobody gets in.
            let stranger = common.filter { !$0.key.contains("CERTIFICATE") && !$0.key.contains("KEY") }
            #expect(try Program(environment: stranger).run(["doctor"]).status == 1)
        }

        /// With tokens that nobody signed, as librdkafka makes and Kafka takes them where both are told to.
        @Test func oauthBearer() throws {
            let scope = "hidden-\(UUID().uuidString)"
            let login = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
            let cluster = try KafkaCluster(
                secure: "unused:unused",
                options: Self.authorizer + [
                    "sasl.enabled.mechanisms=OAUTHBEARER",
                    #"listener.name.secure.oauthbearer.sasl.jaas.config=\#(login) unsecuredLoginStringClaim_sub="broker";"#,
                ])
            try Rights.grant(to: "User:freshet", cluster)
            let program = Program(environment: [
                "KAFKA_BOOTSTRAP": cluster.secureBootstrap, "FRESHET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "FRESHET_KAFKA_SASL_MECHANISM": "OAUTHBEARER",
                "FRESHET_KAFKA_ENABLE_SASL_OAUTHBEARER_UNSECURE_JWT": "true",
                "FRESHET_KAFKA_SASL_OAUTHBEARER_CONFIG": "principal=freshet scope=\(scope)",
                "FRESHET_KAFKA_SSL_CA_LOCATION": cluster.folder + "/ca.pem",
            ])
            try Job(cluster, program, secrets: [scope]).run()
        }

        /// Kafka 4 refuses the SCRAM of librdkafka before 2.6.1, so this needs a newer one.
        @Test(.enabled(if: NewerLibrary.path != nil, Comment(rawValue: NewerLibrary.skipReason)))
        func scram() throws {
            let password = "hidden-\(UUID().uuidString)"
            let cluster = try KafkaCluster(secure: "freshet:\(password)", options: Self.authorizer)
            try Rights.grant(to: "User:freshet", cluster)
            let environment = [
                "KAFKA_BOOTSTRAP": cluster.secureBootstrap, "FRESHET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "FRESHET_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "FRESHET_KAFKA_SASL_USERNAME": "freshet",
                "FRESHET_KAFKA_SASL_PASSWORD": password, "FRESHET_KAFKA_SSL_CA_LOCATION": cluster.folder + "/ca.pem",
                "LD_PRELOAD": NewerLibrary.path ?? "",
            ]
            try Job(cluster, Program(environment: environment), secrets: [password]).run()
            let wrong = environment.merging(["FRESHET_KAFKA_SASL_PASSWORD": "no-\(password)"]) { $1 }
            let refused = try Program(environment: wrong).run(["doctor"])
            #expect(refused.status == 1)
            #expect(!(refused.output + refused.log).contains(password))
        }

        /// A librdkafka of 2.6.1 or later beside the distribution's.
        private enum NewerLibrary {
            static let path = ProcessInfo.processInfo.environment["FRESHET_PRELOAD"]
            static let skipReason = "needs a librdkafka of 2.6.1 or later: FRESHET_PRELOAD names the file"
        }

        /// What a deployment of its own name, prefixed, and the public topics need: the README's table.
        private enum Rights {
            static let rights: [[String]] = [
                ["--operation", "Read", "--operation", "DescribeConfigs", "--topic", "events", "--topic", "items"],
                [
                    "--operation", "Write", "--operation", "DescribeConfigs", "--topic", "recommendations", "--topic",
                    "recommendations.items", "--topic", "features.users", "--topic", "features.items", "--topic",
                    "events.dead-letter",
                ],
                [
                    "--operation", "Read", "--operation", "Write", "--operation", "DescribeConfigs", "--topic",
                    "freshet.",
                    "--resource-pattern-type", "prefixed",
                ],
                ["--operation", "Read", "--group", "freshet", "--resource-pattern-type", "prefixed"],
                ["--operation", "Write", "--transactional-id", "freshet:", "--resource-pattern-type", "prefixed"],
                // For `produce` (and for `dlq redrive`), which need not be the service's own right.
                ["--operation", "Write", "--topic", "events"],
                creating,
            ]

            /// For `topics create` and `reset`.
            static let creating = ["--operation", "Create", "--cluster"]

            /// For `reset` alone.
            static let deleting = [
                ["--operation", "Delete", "--topic", "freshet.", "--resource-pattern-type", "prefixed"],
                ["--operation", "Delete", "--group", "freshet", "--resource-pattern-type", "prefixed"],
            ]

            /// For `dlq` alone.
            static let readingLetters = ["--operation", "Read", "--topic", "events.dead-letter"]

            static func grant(to principal: String, _ cluster: KafkaCluster) throws {
                for right in rights { try change(right, "--add", principal, cluster) }
            }

            /// - Parameter how: `--add` or `--remove`.
            static func change(_ right: [String], _ how: String, _ principal: String, _ cluster: KafkaCluster) throws {
                let words = (how == "--add" ? right : right + ["--force"]).map { "'\($0)'" }.joined(separator: " ")
                try KafkaTool.shell(
                    #""$0" tool acls --bootstrap-server "$1" \#(how) --allow-principal "$2" \#(words)"#,
                    cluster.bootstrap, principal)
            }
        }

        /// One deployment's life: everything that it says on the way is searched for secrets.
        private struct Job {
            let cluster: KafkaCluster
            let program: Program
            let secrets: [String]
            private static let events = 400

            init(_ cluster: KafkaCluster, _ program: Program, secrets: [String]) {
                self.cluster = cluster
                var program = program
                program.environment["FRESHET_LOGGING_LEVEL"] = "debug"
                // The library's own log of its configuration and of logging in.
                program.environment["FRESHET_KAFKA_DEBUG"] = "conf,security"
                self.program = program
                self.secrets = secrets
            }

            /// Makes the topics, sends events, learns them, and compares the state in memory with the state restored.
            func run() throws {
                try check(["topics", "create", "--partitions", "2"])
                try send(from: 0)
                let served = try check(["serve", "--stop-at-end"])
                // What is searched for secrets is there.
                #expect(served.log.contains("facility=CONF") && served.log.contains("client.id = "))
                #expect(served.summary["events"] as? Int == Self.events)
                #expect(served.summary["lists"] as? Int ?? 0 > 0)
                let restored = try check(["state", "hash", "--json"])
                #expect(restored.summary["users"] as? String == served.summary["users"] as? String)
                #expect(restored.summary["items"] as? String == served.summary["items"] as? String)
                try check(["topics", "check"])
                try check(["config"])
            }

            /// More events, with the service watched by HTTP.
            func runAgain() throws {
                try send(from: Self.events)
                let port = try LoopbackHTTP.freePort()
                let service = try program.start(["serve", "--http", "127.0.0.1:\(port)"])
                let deadline = Date(timeIntervalSinceNow: 60)
                while LoopbackHTTP.get("/ready", port: port)?.hasPrefix("HTTP/1.1 200") != true, Date() < deadline {
                    Thread.sleep(forTimeInterval: 0.1)
                }
                let metrics = LoopbackHTTP.get("/metrics", port: port) ?? ""
                let doctor = try check(["doctor"])
                #expect(doctor.output.contains("freshet is Stable"))
                service.interrupt()
                let ended = try service.wait()
                #expect(ended.status == 0)
                #expect(metrics.contains("freshet_events_total"))
                for secret in secrets { #expect(!(metrics + ended.output + ended.log).contains(secret)) }
                try check(["replay", "--verify"])
            }

            /// Nothing is deleted that cannot be made anew; with the right to, all of it is, and is rebuilt.
            func resetAndReplay(_ principal: String) throws {
                func hashes() throws -> [String?] {
                    let summary = try check(["state", "hash", "--json"]).summary
                    return [summary["users"] as? String, summary["items"] as? String]
                }
                let before = try hashes()
                for right in Rights.deleting { try Rights.change(right, "--add", principal, cluster) }
                try Rights.change(Rights.creating, "--remove", principal, cluster)
                let refused = try program.run(["reset", "--yes"], seconds: 60)
                #expect(
                    refused.status == 69 && refused.log.contains("nothing was deleted"), "\(refused.log.suffix(2000))")
                #expect(try hashes() == before)
                try Rights.change(Rights.creating, "--add", principal, cluster)
                try check(["reset", "--yes"])
                try check(["replay"])
                // Items were learnt in another order.
                #expect(try hashes()[0] == before[0])
                try check(["models", "list"])

                // By the listener without a password, since `produce` sends nothing that cannot be learnt.
                let producer = try Producer(["bootstrap.servers": cluster.bootstrap])
                try Array("u0".utf8).withUnsafeBytes { key in
                    try Array(Self.event(0, type: "wish").utf8).withUnsafeBytes {
                        _ = try producer.send(producer.topic("events"), key: key, value: $0)
                    }
                }
                try producer.flush(timeoutMilliseconds: 10_000)
                try check(["serve", "--stop-at-end"])
                try Rights.change(Rights.readingLetters, "--add", principal, cluster)
                #expect(try check(["dlq", "redrive"]).output.contains("1 letter"))
            }

            private static func event(_ index: Int, type: String = "view") -> String {
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"\#(type)","#
                    + #""product_id":"p\#(index * index % 97)","user_id":"u\#(index * 7 % 31)"}"#
            }

            private func send(from start: Int) throws {
                let lines = (start..<(start + Self.events)).map { Self.event($0) }
                try check(["produce", "-", "--format", "jsonl"], input: lines.joined(separator: "\n"))
            }

            @discardableResult
            private func check(_ arguments: [String], input: String? = nil) throws -> Program.Outcome {
                let outcome = try program.run(arguments, input: input)
                #expect(outcome.status == 0, "\(arguments): \(outcome.log.suffix(3000))\(outcome.output.suffix(3000))")
                for secret in secrets { #expect(!(outcome.output + outcome.log).contains(secret), "\(arguments)") }
                return outcome
            }
        }
    }
}
