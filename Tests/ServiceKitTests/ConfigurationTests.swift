import Foundation
import Testing

@testable import ServiceKit

@Suite struct ConfigurationTests {
    let table = SettingsTable(
        environmentPrefix: "FRESHET", sections: ["processing": "How events are worked through."],
        settings: [
            Setting("application.id", .string, default: "freshet", "Names the consumer group."),
            Setting(
                "processing.guarantee", .oneOf(["exactly_once", "at_least_once"]), default: "exactly_once",
                "What a crash can do."),
            Setting("processing.commit.interval", .duration, default: "100ms", "The time between commits."),
            Setting("processing.batch.size", .int(1...100_000), default: "5000", "Events in a batch."),
            Setting("processing.block.size", .byteSize(), default: "512KB", "The largest block."),
            Setting("lists.exponent", .double(0...1), default: "0.3", "The popularity exponent."),
            Setting("lists.categories", .list, default: "", "Only these."),
            Setting("lists.words", .list, default: "a,b c", "Some words."),
            Setting("training.enabled", .bool, default: "true", "Whether to train."),
            Setting("http.listen", .string, "Where to listen, HOST:PORT."),
            Setting("greeting", .string, default: "say: \"yes\" # now", "Any text."),
        ],
        passThrough: [
            PassThrough("kafka.", "Handed on to librdkafka.", examples: [("security.protocol", "SASL_SSL")])
        ], otherNames: ["FRESHET_KAFKA_TOOL"])

    func problems(
        _ yaml: String, environment: [String: String] = [:], overrides: [Override] = []
    ) -> [String] {
        do {
            _ = try table.load(yaml: yaml, path: "f.yaml", environment: environment, overrides: overrides)
            return []
        } catch {
            return error.description.split(separator: "\n").map(String.init)
        }
    }

    @Test func sourcesRiseInPrecedence() throws {
        let yaml = """
            application.id: from-file
            processing:
              guarantee: at_least_once
              commit: {interval: 250ms}
              batch.size: 1_000
            lists:
              categories: [shoes, " red hats"]
            training:
            """
        let configuration = try table.load(
            yaml: yaml, path: "f.yaml",
            environment: [
                "FRESHET_PROCESSING_GUARANTEE": "exactly_once", "FRESHET_PROCESSING_BATCH_SIZE": "20", "HOME": "/x",
            ],
            overrides: [Override(key: "processing.batch.size", text: "30")])
        #expect(configuration.string("application.id") == "from-file")
        #expect(configuration.string("processing.guarantee") == "exactly_once")
        #expect(configuration.duration("processing.commit.interval") == .milliseconds(250))
        #expect(configuration.int("processing.batch.size") == 30)
        #expect(configuration.bytes("processing.block.size") == 524_288)
        #expect(configuration.double("lists.exponent") == 0.3)
        #expect(configuration.list("lists.categories") == ["shoes", "red hats"])
        // What another process of the program is given says the same.
        let again = try table.load(overrides: configuration.overrides)
        #expect(again.list("lists.categories") == ["shoes", "red hats"])
        #expect(configuration.bool("training.enabled"))
        #expect(configuration.optionalString("http.listen") == nil)
        #expect(configuration.origin("application.id").description == "f.yaml:1:1")
        #expect(configuration.origin("processing.guarantee").description == "FRESHET_PROCESSING_GUARANTEE")
        #expect(configuration.origin("processing.batch.size").description == "--set")
        #expect(!configuration.isGiven("lists.exponent"))
    }

    @Test func everyProblemIsReportedWithItsPlace() {
        let yaml = """
            application.id: x
            procesing:
              guarantee: exactly_once
            processing:
              guarantee: exactly_onse
              batch:
                size: lots
              commit: 5
            greeting: {a: b}
            training.enabled: [true]
            lists.words: [a, "b,c"]
            """
        #expect(
            problems(
                yaml, environment: ["FRESHET_LISTS_EXPONENT": "2"],
                overrides: [Override(key: "lists.exponant", text: "1")]) == [
                    "f.yaml:3:3: unknown key 'procesing.guarantee'; did you mean 'processing.guarantee'?",
                    "f.yaml:5:3: processing.guarantee must be one of exactly_once, at_least_once, not 'exactly_onse'; "
                        + "did you mean 'exactly_once'?",
                    "f.yaml:7:5: processing.batch.size must be a whole number from 1 to 100000, not 'lots'",
                    "f.yaml:8:3: processing.commit is a section, not a setting",
                    "f.yaml:9:12: greeting must be a text, not a section",
                    "f.yaml:10:1: training.enabled must be true or false, not a list",
                    "f.yaml:11:1: lists.words: 'b,c' has a comma, which separates words in the environment and in --set",
                    "FRESHET_LISTS_EXPONENT: lists.exponent must be a number from 0.0 to 1.0, not '2'",
                    "--set: unknown key 'lists.exponant'; did you mean 'lists.exponent'?",
                ])
        #expect(
            problems("guarantee: x") == ["f.yaml:1:1: unknown key 'guarantee'; did you mean 'processing.guarantee'?"])
    }

    @Test(arguments: [
        ("a: [1", 2), ("a: \"b", 1), ("application.id: &x y", 1), ("application.id: x\n---\na: b", 2), ("- a\n- b", 1),
        ("application.id: x\napplication:\n  id: y", 3), ("a: b: c", 1), ("a:\n\t- b", 2),
        ("lists: &x\n  words: [a]", 1), ("lists: !!map\n  words: [a]", 1), ("lists:\n  words: &x [a]", 2),
        ("lists:\n  words: !!seq [a]", 2), ("&x\nlists: {}", 1),
    ])
    func whatIsNoSettingsFileIsRefusedWithItsLine(yaml: String, line: Int) {
        let found = problems(yaml)
        if yaml.contains("&") || yaml.contains("!!") { #expect(found.first?.contains("anchors") == true, "\(found)") }
        #expect(found.contains { $0.hasPrefix("f.yaml:\(line):") }, "\(found)")
    }

    @Test func emptyFilesChangeNothing() {
        #expect(problems("").isEmpty)
        #expect(problems("# only a comment\n").isEmpty)
        #expect(problems("---\n").isEmpty)
        #expect(problems(String(repeating: "a: {", count: 40)).count == 1)
    }

    @Test func kafkaPropertiesPassThrough() throws {
        let secret = FileManager.default.temporaryDirectory.path + "/freshet-secret-\(UUID().uuidString)"
        try "from file\n".write(toFile: secret, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: secret) }
        let configuration = try table.load(
            yaml: "kafka:\n  security.protocol: PLAINTEXT\n  ssl:\n    key.password: hush\n", path: "f.yaml",
            environment: [
                "FRESHET_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "FRESHET_KAFKA_SASL_PASSWORD_FILE": secret,
                "FRESHET_PROCESING_GUARANTEE": "x", "FRESHET_SERVICE_HOST": "10.0.0.1",
                "FRESHET_PORT_8080_TCP": "tcp://10.0.0.1:8080", "FRESHET_QQQQ": "1",
            ])
        let found = configuration.passThrough("kafka.").map { "\($0.key)=\($0.value)" }
        #expect(found == ["sasl.password=from file", "security.protocol=SASL_SSL", "ssl.key.password=hush"])
        let described = configuration.description
        #expect(described.contains("kafka.sasl.password = (secret)  # FRESHET_KAFKA_SASL_PASSWORD_FILE"))
        #expect(described.contains("kafka.security.protocol = SASL_SSL"))
        #expect(!described.contains("hush") && !described.contains("from file"))
        #expect(
            configuration.warnings == [
                "FRESHET_PROCESING_GUARANTEE is no setting; did you mean FRESHET_PROCESSING_GUARANTEE?",
                "FRESHET_QQQQ is no setting, and changes nothing",
            ])
    }

    /// What Kubernetes sets for a service that is called freshet-kafka, and what is another program's, is no property.
    @Test func otherNamesAreNotHandedOn() throws {
        let names = [
            "FRESHET_KAFKA_SERVICE_HOST", "FRESHET_KAFKA_SERVICE_PORT", "FRESHET_KAFKA_SERVICE_PORT_CLIENT",
            "FRESHET_KAFKA_PORT", "FRESHET_KAFKA_PORT_9092_TCP", "FRESHET_KAFKA_PORT_9092_TCP_ADDR",
            "FRESHET_KAFKA_TOOL",
        ]
        let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "tcp://10.0.0.1:9092") })
        let configuration = try table.load(environment: environment)
        #expect(configuration.passThrough("kafka.").isEmpty && configuration.warnings.isEmpty)
    }

    @Test func whatIsHandedOnCanBeLeftOut() throws {
        let configuration = try table.load(
            yaml: "kafka.security.protocol: ssl\ngreeting: ho", path: "f.yaml"
        ).withoutPassThrough
        #expect(configuration.passThrough("kafka.").isEmpty && configuration.string("greeting") == "ho")
    }

    @Test func unreadableSecretsAndFilesAreErrors() {
        let found = problems("kafka.sasl.password.file: /no/such/file")
        #expect(
            found == ["f.yaml:1:1: kafka.sasl.password.file: cannot read '/no/such/file': there is no such file"])
        #expect(
            problems("kafka.sasl.password.file: /tmp") == [
                "f.yaml:1:1: kafka.sasl.password.file: cannot read '/tmp': it is a folder"
            ])
        // librdkafka's own, which it reads itself.
        #expect(problems("kafka.sasl.oauthbearer.assertion.private.key.file: /no/such/file").isEmpty)
        #expect(problems("kafka.sasl.oauthbearer.assertion.private.key.passphrase.file: /no/such/file").count == 1)
        #expect(throws: ConfigurationError.self) { try table.load(file: "/no/such/file.yaml") }
        do {
            _ = try table.load(file: "/no/such/file.yaml")
        } catch {
            #expect(error.description == "/no/such/file.yaml: cannot read the file: there is no such file")
        }
    }

    @Test(arguments: [
        ("kafka.sasl.password", true), ("kafka.ssl.key.pem", true), ("kafka.sasl.oauthbearer.config", true),
        ("kafka.sasl.oauthbearer.client.secret", true), ("api.key", true), ("kafka.security.protocol", false),
        ("kafka.sasl.oauthbearer.assertion.private.key.passphrase", true), ("ssl_key", true),
        ("kafka.sasl.oauthbearer.token.endpoint.url", false), ("kafka.ssl.ca.location", false),
    ])
    func secretsAreKnownByTheirNames(key: String, expected: Bool) {
        #expect(isSecret(key: key) == expected)
    }

    @Test func theRenderedFileGivesTheDefaultsAgain() throws {
        let yaml = table.renderYAML(header: "Freshet's settings.\n\nSecond paragraph.")
        let configuration = try table.load(yaml: yaml, path: "f.yaml")
        for setting in table.settings {
            let entry = configuration.entries[setting.key]
            #expect(entry?.value == setting.defaultText.flatMap(setting.type.parse), "\(setting.key)")
            if setting.defaultText != nil { #expect(configuration.isGiven(setting.key)) }
        }
        #expect(
            yaml.hasPrefix(
                """
                # Freshet's settings.
                #
                # Second paragraph.

                application:
                  # Names the consumer group.
                  # Environment: FRESHET_APPLICATION_ID.
                  id: freshet

                # How events are worked through.
                processing:
                  # What a crash can do.
                  # One of: exactly_once, at_least_once. Environment: FRESHET_PROCESSING_GUARANTEE.
                  guarantee: exactly_once

                  commit:  # processing.commit
                    # The time between commits.
                    # A duration such as 100ms, 15m, 30d or 0. Environment: FRESHET_PROCESSING_COMMIT_INTERVAL.
                    interval: 100ms

                """), "\(yaml)")
        #expect(yaml.contains("  # listen:\n"))
        #expect(yaml.contains("kafka:\n  # security.protocol: SASL_SSL\n"))
    }
}
