import Synchronization
import Testing

@testable import Kafka

struct SettingsTests {
    @Test func aWrongPropertyIsNamed() throws {
        let unknown: KafkaSettings = ["bootstrap.servers": "127.0.0.1:1", "linger": "1"]
        let error = #expect(throws: KafkaError.self) { try unknown.validate() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("\"linger\"") == true)

        let invalid: KafkaSettings = ["linger.ms": "soon"]
        let second = #expect(throws: KafkaError.self) { try Producer(invalid) }
        #expect(second?.message.contains("\"linger.ms\"") == true)

        // The name of a secret may be misspelt too.
        let secret: KafkaSettings = ["nonsense.key": "hidden"]
        let third = #expect(throws: KafkaError.self) { try secret.validate() }
        #expect(third?.message.contains("No such configuration property") == true)
        #expect(third?.message.contains("hidden") == false)
    }

    @Test func secretsAreNotShown() {
        let settings: KafkaSettings = [
            "bootstrap.servers": "127.0.0.1:1", "sasl.username": "ann", "sasl.password": "hidden",
            "ssl.key.pem": "hidden", "sasl.oauthbearer.client.secret": "hidden", "ssl.keystore.password": "hidden",
        ]
        let shown = settings.description
        #expect(!shown.contains("hidden"))
        #expect(shown.contains("sasl.username=ann"))
        #expect(shown.contains("sasl.password=•••"))
    }

    @Test func theLogHidesThem() {
        final class Lines: Sendable {
            let all = Mutex<[String]>([])
        }
        let lines = Lines()
        var settings: KafkaSettings = ["sasl.username": "ann", "sasl.password": "hidden", "ssl.key.password": ""]
        settings.log = { line in lines.all.withLock { $0.append(line.message) } }
        let merged = KafkaSettings(bootstrapServers: "127.0.0.1:1").merging(settings).defaulting(to: .clientDefaults)
        merged.safeLog?(KafkaLogLine(level: 7, facility: "SASL", message: "ann:hidden, hidden"))
        #expect(lines.all.withLock { $0 } == ["ann:•••, •••"])
        #expect(KafkaSettings(bootstrapServers: "127.0.0.1:1").safeLog == nil)
    }

    @Test func orderIsKept() {
        var settings: KafkaSettings = ["b": "1", "a": "2", "c": "3"]
        settings["b"] = "4"
        settings["a"] = nil
        #expect(settings.properties.map(\.name) == ["b", "c"])
        #expect(settings["b"] == "4")
        let merged = settings.defaulting(to: ["b": "5", "d": "6"])
        #expect(merged.properties.map(\.value) == ["4", "3", "6"])
        #expect(settings.merging(["b": "5"])["b"] == "5")
    }

    @Test func theDefaultsAreValid() throws {
        try KafkaSettings.groupDefaults.validate()
        try KafkaSettings.readerDefaults.validate()
        try KafkaSettings.producerDefaults.validate()
    }

    @Test func aGroupConsumerNeedsAGroup() {
        let error = #expect(throws: KafkaError.self) {
            try GroupConsumer(KafkaSettings(bootstrapServers: "127.0.0.1:1"))
        }
        #expect(error?.message.contains("group.id") == true)
    }

    @Test func errorsDescribeThemselves() {
        let error = KafkaError(code: .producerFenced, message: "gone", isFatal: true)
        #expect(error.isFenced)
        #expect(error.description == "PRODUCER_FENCED: gone [fenced, fatal]")
        #expect(KafkaError(code: .timedOut, message: "").name == "_TIMED_OUT")
    }
}
