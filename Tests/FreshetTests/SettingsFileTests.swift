import Events
import Pipeline
import Foundation
import Kafka
import ServiceKit
import Testing

@testable import freshet

@Suite struct SettingsFileTests {
    static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Config/freshet.yaml").path

    @Test func theFileIsWhatTheProgramPrints() throws {
        let file = try String(contentsOfFile: Self.path, encoding: .utf8)
        #expect(file == ConfigCommand.text, "`freshet config > Config/freshet.yaml` brings it up to date")
    }

    @Test func theFileGivesTheDefaults() throws {
        let fromFile = try Settings.table.load(file: Self.path, environment: [:], overrides: [])
        let defaults = try Settings.table.load(file: nil, environment: [:], overrides: [])
        let one = Deployment(configuration: fromFile, bootstrap: "localhost:1")
        let two = Deployment(configuration: defaults, bootstrap: "localhost:1")
        #expect(one.topics == two.topics)
        #expect(try one.workerSettings().fingerprint == two.workerSettings().fingerprint)
        #expect(try one.workerSettings().configurationHash == two.workerSettings().configurationHash)
        #expect(fromFile.warnings.isEmpty)
    }

    @Test(arguments: ["180d,7d,6h", "15m,0,7d"]) func halfLivesOutOfOrderAreRefused(_ list: String) throws {
        let configuration = try Settings.table.load(
            file: nil, environment: [:], overrides: [Override(key: "learning.popularity-half-lives", text: list)])
        let deployment = Deployment(configuration: configuration, bootstrap: "localhost:1")
        let failure = try #require(throws: CommandFailure.self) { try deployment.workerSettings() }
        #expect("\(failure)".contains("are not in order"), "\(failure)")
    }

    /// Two uses of one topic would read each other's records.
    @Test(arguments: [
        (["topics.events": "recommendations"], "topics.recommendations is 'recommendations', and so is topics.events"),
        (["topics.items": "freshet.users"], "topics.items is 'freshet.users', and so is an internal topic"),
    ])
    func noTopicIsForTwoThings(_ settings: [String: String], _ message: String) throws {
        let overrides = settings.map { Override(key: $0.key, text: $0.value) }
        let configuration = try Settings.table.load(file: nil, environment: [:], overrides: overrides)
        let failure = try #require(throws: CommandFailure.self) { try Deployment.checkTopics(configuration) }
        #expect("\(failure)".contains(message), "\(failure)")
    }

    /// The workers of the second would be in a group of the first.
    @Test(arguments: [("shop.items", false), ("shop.rekey", false), ("shop.dlq.too-large", false), ("items", true)])
    func deploymentsNeverMeet(_ application: String, _ isTaken: Bool) throws {
        let configuration = try Settings.table.load(
            file: nil, environment: [:], overrides: [Override(key: "application.id", text: application)])
        #expect(((try? Deployment.checkApplication(configuration)) != nil) == isTaken)
    }

    /// With these, nothing that is promised would be so.
    @Test(arguments: [
        (["kafka.auto.offset.reset": "earliest"], "kafka.auto.offset.reset is not taken"),
        (["kafka.isolation.level": "read_uncommitted"], "kafka.isolation.level is not taken"),
        (["kafka.group.instance.id": "a"], "instance.id makes the membership static"),
        (["kafka.metadata.broker.list": "h:1"], "kafka.bootstrap.servers is its name here"),
        (["kafka.linger": "1"], "property \"linger\""), (["kafka.linger.ms": "soon"], "property \"linger.ms\""),
        (["processing.commit-interval": "30s"], "a transaction that is open for 5000 ms is aborted"),
        (
            ["processing.commit-interval": "30s", "kafka.transaction.timeout.ms": "59000"],
            "a transaction that is open for 59000 ms"
        ),
    ])
    func whatWouldVoidAPromiseIsRefused(_ settings: [String: String], _ message: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try check(settings) }
        #expect("\(failure) \(failure.remedy ?? "")".contains(message), "\(failure)")
    }

    /// With these the service would read nothing, or share its name.
    @Test(arguments: [
        ("processing.pending-bytes", "0"), ("processing.checkpoint-bytes", "0"), ("instance.id", ""),
        ("instance.id", "pod 1"), ("instance.id", "pod/1"), ("instance.id", ".."),
    ])
    func valuesThatCannotWorkAreRefused(_ key: String, _ text: String) {
        #expect(throws: ConfigurationError.self) {
            try Settings.table.load(overrides: [Override(key: key, text: text)])
        }
    }

    /// Every command refuses what `serve` does, or `doctor` would find nothing wrong.
    @Test(arguments: [
        ("instance.roles", "worker,cook"), ("instance.roles", ""), ("ingest.aliases", "foo=bar"),
        ("ingest.skip", "x:y"), ("learning.popularity-half-lives", ""), ("learning.popularity-half-lives", "soon"),
        ("training.model", "nonsense"),
    ])
    func whatServeRefusesEveryCommandRefuses(_ key: String, _ text: String) throws {
        let configuration = try Settings.table.load(overrides: [Override(key: key, text: text)])
        let failure = try #require(throws: CommandFailure.self) { try Deployment.checkWorker(configuration) }
        #expect(failure.exitCode == 78 && failure.message.contains(key), "\(failure)")
    }

    /// A flag before KAFKA_BOOTSTRAP, that before the settings' environment, and that before the file.
    @Test func theBrokersComeFromTheNearestPlace() throws {
        let yaml = "kafka.bootstrap.servers: file:1"
        func servers(_ environment: [String: String] = [:], flag: String? = nil) throws -> String? {
            let overrides = flag.map { [Override(key: "kafka.bootstrap.servers", text: $0)] } ?? []
            let configuration = try Settings.table.load(
                yaml: yaml, path: "f.yaml", environment: environment, overrides: overrides)
            try Deployment.checkClients(configuration)
            return Deployment.bootstrap(configuration, environment)
        }
        let prefixed = ["FRESHET_KAFKA_BOOTSTRAP_SERVERS": "prefixed:1"]
        #expect(try servers() == "file:1" && servers(prefixed) == "prefixed:1")
        #expect(try servers(["KAFKA_BOOTSTRAP": ""]) == "file:1")
        let both = prefixed.merging(["KAFKA_BOOTSTRAP": "plain:1"]) { $1 }
        #expect(try servers(both) == "plain:1" && servers(both, flag: "set:1") == "set:1")
        let none = try Settings.table.load()
        #expect(Deployment.bootstrap(none, [:]) == nil)
        // Clients get those that were chosen.
        let configuration = try Settings.table.load(yaml: yaml, path: "f.yaml")
        let client = Deployment(configuration: configuration, bootstrap: "chosen:1").client
        #expect(client["bootstrap.servers"] == "chosen:1")
    }

    /// Whoever starts from the file that the program prints has what whoever has no file has.
    @Test(arguments: [("exactly_once", UInt64(50)), ("at_least_once", 100)])
    func commitsComeAtTheGuaranteesPace(_ guarantee: String, _ milliseconds: UInt64) throws {
        let overrides = [Override(key: "processing.guarantee", text: guarantee)]
        let file = try Settings.table.load(file: Self.path, overrides: overrides)
        let plain = try Settings.table.load(overrides: overrides)
        let chosen = try Settings.table.load(
            overrides: overrides + [Override(key: "processing.commit-interval", text: "70ms")])
        for (configuration, wanted) in [(file, milliseconds), (plain, milliseconds), (chosen, 70)] {
            let deployment = Deployment(configuration: configuration, bootstrap: "localhost:1")
            #expect(try deployment.workerSettings().commitIntervalMilliseconds == wanted)
        }
    }

    /// As a list of YAML, or words with commas in the environment.
    @Test func rolesAreAList() throws {
        let file = try Settings.table.load(yaml: "instance.roles: [worker, trainer]", path: "f.yaml")
        #expect(try Deployment(configuration: file, bootstrap: "h:1").roles() == [.worker, .trainer])
        let environment = try Settings.table.load(environment: ["FRESHET_INSTANCE_ROLES": "trainer"])
        #expect(try Deployment(configuration: environment, bootstrap: "h:1").roles() == [.trainer])
    }

    @Test(arguments: [
        ["processing.commit-interval": "30s", "processing.guarantee": "at_least_once"],
        ["processing.commit-interval": "30s", "kafka.transaction.timeout.ms": "60000"],
        ["kafka.session.timeout.ms": "6000"],
    ])
    func whatGoesTogetherIsTaken(_ settings: [String: String]) throws { try check(settings) }

    private func check(_ settings: [String: String]) throws {
        let overrides = settings.map { Override(key: $0.key, text: $0.value) }
        try Deployment.checkClients(try Settings.table.load(file: nil, environment: [:], overrides: overrides))
    }

    /// Output may wait no longer than the group waits for its member.
    @Test func outputWaitsForLessThanTheSession() throws {
        let configuration = try Settings.table.load(
            file: nil, environment: [:], overrides: [Override(key: "kafka.session.timeout.ms", text: "6000")])
        let deployment = Deployment(configuration: configuration, bootstrap: "localhost:1")
        #expect(deployment.logSettings(isStatic: false).writableMilliseconds == 4_800)
    }

    /// The internal copy of the input is a topic only where there is one.
    @Test func theInputMayHaveTheNameOfACopyThatIsNotMade() throws {
        func check(_ rekeys: String) throws {
            let overrides = [
                Override(key: "topics.events", text: "freshet.events"), Override(key: "ingest.rekey", text: rekeys),
            ]
            try Deployment.checkTopics(try Settings.table.load(file: nil, environment: [:], overrides: overrides))
        }
        try check("false")
        #expect(throws: CommandFailure.self) { try check("true") }
    }

    /// The first dead letters are said at once, those that follow together and later.
    @Test func deadLettersAreSaidNowAndThen() {
        var report = RejectionReport(deadLetters: "dead")
        var counts: [RejectionCode: Int] = [:]
        #expect(report.line(counts, now: 0) == nil)
        counts = [.badTime: 2]
        #expect(report.line(counts, now: 5)?.contains("learnt: 2 (bad-time 2); they are kept in dead,") == true)
        counts = [.badTime: 2, .wrongKey: 1, .tooDeep: 3]
        #expect(report.line(counts, now: 30_004) == nil)
        #expect(report.line(counts, now: 30_005)?.contains("learnt: 4 (too-deep 3, wrong-key 1)") == true)
        #expect(report.line(counts, now: 90_000) == nil)
    }

    @Test func everyKeyIsExplained() {
        for setting in Settings.table.settings {
            #expect(setting.documentation.hasSuffix("."), "\(setting.key)")
        }
    }
}
