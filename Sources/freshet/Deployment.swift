import Events
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit

/// One deployment as its configuration describes it: what every command starts from.
struct Deployment {
    let configuration: Configuration
    let bootstrap: String

    /// The options that every command takes which talks to a broker.
    static let options: [Option] = [
        .option(
            "bootstrap", "HOST:PORT", "The Kafka brokers; by default KAFKA_BOOTSTRAP, else kafka.bootstrap.servers.",
            short: "b"),
        .option("config", "FILE", "A configuration file; Config/freshet.yaml describes every key.", short: "c"),
        .option("set", "KEY=VALUE", "A setting, over file and environment; can be repeated.", isRepeating: true),
    ]

    /// - Parameter isSetting: which names of `--set` are the deployment's.
    init(_ arguments: ParsedArguments, isSetting: (String) -> Bool = { _ in true }) throws {
        configuration = try Self.configuration(arguments, isSetting: isSetting)
        let environment = ProcessInfo.processInfo.environment
        guard let servers = arguments["bootstrap"] ?? Self.bootstrap(configuration, environment), !servers.isEmpty
        else {
            throw CommandFailure(
                "no Kafka to talk to",
                remedy: "give --bootstrap HOST:PORT, or set KAFKA_BOOTSTRAP or kafka.bootstrap.servers; `freshet demo` "
                    + "needs no broker",
                exitCode: 64)
        }
        bootstrap = servers
    }

    /// The brokers where --bootstrap names none: of --set, then KAFKA_BOOTSTRAP, which other tools go by as well, then of the
    /// settings' environment and file.
    static func bootstrap(_ configuration: Configuration, _ environment: [String: String]) -> String? {
        let set = configuration.passThrough("kafka.").first { $0.key == bootstrapProperty }?.value
        if case .flag = configuration.origin("kafka." + bootstrapProperty) { return set }
        return environment["KAFKA_BOOTSTRAP"].flatMap { $0.isEmpty ? nil : $0 } ?? set
    }

    private static let bootstrapProperty = "bootstrap.servers"

    /// The settings' properties of librdkafka, without the brokers, which may come from elsewhere.
    static func properties(_ configuration: Configuration) -> [(key: String, value: String)] {
        configuration.passThrough("kafka.").filter { $0.key != bootstrapProperty }
    }

    init(configuration: Configuration, bootstrap: String) {
        self.configuration = configuration
        self.bootstrap = bootstrap
    }

    static func configuration(
        _ arguments: ParsedArguments, isSetting: (String) -> Bool = { _ in true }
    ) throws -> Configuration {
        let overrides = try arguments.pairs("set").filter { isSetting($0.name) }.map {
            Override(key: $0.name, text: $0.value)
        }
        let configuration = try Settings.table.load(
            file: arguments["config"], environment: ProcessInfo.processInfo.environment, overrides: overrides)
        LogSink.configure(configuration)
        for warning in configuration.warnings { Logger(label: "freshet").warning("\(warning)") }
        try checkApplication(configuration)
        try checkTopics(configuration)
        try checkClients(configuration)
        try checkWorker(configuration)
        return configuration
    }

    var topics: TopicNames {
        var names = TopicNames()
        names.application = configuration.string("application.id")
        names.rekeyed = isRekeyed ? names.application + ".events" : nil
        names.events = names.rekeyed ?? inputTopic
        names.catalogue = configuration.string("topics.items")
        names.recommendations = configuration.string("topics.recommendations")
        names.relatedItems = configuration.string("topics.related-items")
        names.userFeatures = configuration.string("topics.user-features")
        names.itemFeatures = configuration.string("topics.item-features")
        names.deadLetters = configuration.string("topics.dead-letters")
        return names
    }

    /// The topic that the shop writes; the worker reads an internal copy of it where the input is rekeyed.
    var inputTopic: String { configuration.string("topics.events") }

    var isRekeyed: Bool { configuration.bool("ingest.rekey") }

    /// All consumer groups of the deployment.
    var groups: [String] {
        let topics = topics
        return [topics.application, topics.leaderGroup] + (isRekeyed ? [topics.rekeyGroup] : [])
    }

    /// Whether nobody else writes or reads the topic, so that it can be made anew. The copy of a rekeyed input is none of them:
    /// it stands for the events, from which a state is rebuilt.
    func isInternal(_ topic: String) -> Bool {
        let names = topics
        return LogTopic.allCases.contains { $0.isInternal && names[$0] == topic }
    }

    /// What every Kafka client gets.
    var client: KafkaSettings {
        var settings = KafkaSettings(bootstrapServers: bootstrap)
            .merging(KafkaSettings(Self.properties(configuration)))
        settings.log = { LibraryLog.shared.receive($0) }
        return settings
    }

    /// What clients get that read beside any group.
    var reading: KafkaSettings { logSettings(isStatic: false).reading }

    var isTransactional: Bool { configuration.string("processing.guarantee") == "exactly_once" }

    /// How a process of this deployment stands towards Kafka.
    ///
    /// - Parameter isStatic: whether `instance.id`, if there is one, makes the membership static.
    func logSettings(isStatic: Bool) -> KafkaEventLog.Settings {
        let instance = configuration.optionalString("instance.id")
        return KafkaEventLog.Settings(
            client: client, topics: topics, isTransactional: isTransactional, instanceID: instance,
            memberName: UUID().uuidString, isStatic: instance != nil && isStatic)
    }
}

extension LogSink {
    static func configure(_ configuration: Configuration) {
        shared.level = Logger.Level(name: configuration.string("logging.level")) ?? .info
        shared.format = configuration.string("logging.format") == "json" ? .json : .logfmt
    }
}
