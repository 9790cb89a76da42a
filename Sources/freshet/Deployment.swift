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
    private static func properties(_ configuration: Configuration) -> [(key: String, value: String)] {
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

    /// For commands that delete or write over a state: with a name that says nothing it could be another deployment's.
    func refuseMistakes() throws {
        guard let warning = configuration.warnings.first else { return }
        throw CommandFailure("\(warning)", remedy: "mend the name, or unset it", exitCode: 78)
    }

    /// Properties that are Freshet's own to set: with other values nothing that it promises would be so.
    private static let ownProperties: [String: String] = [
        "metadata.broker.list": "kafka.bootstrap.servers is its name here; or give --bootstrap or KAFKA_BOOTSTRAP",
        "group.id": "application.id names the group",
        "group.instance.id": "instance.id makes the membership static",
        "transactional.id": "application.id and instance.id make it",
        "enable.idempotence": "without it records could be repeated, or change places",
        "enable.auto.commit": "offsets are committed with the state",
        "enable.auto.offset.store": "offsets are committed with the state",
        "auto.offset.reset": "an offset that is gone is an error, and is never skipped in silence",
        "isolation.level": "what an aborted transaction wrote must not be read",
        "enable.partition.eof": "it tells where a topic ends",
        "partition.assignment.strategy": "partitions that stay go on during a rebalance",
    ]

    /// The clients' settings go together with what is promised.
    static func checkClients(_ configuration: Configuration) throws {
        let given = properties(configuration)
        for (key, _) in given {
            guard let why = ownProperties[key] else { continue }
            throw CommandFailure("kafka.\(key) is not taken from the settings", remedy: why, exitCode: 78)
        }
        do throws(KafkaError) { try KafkaSettings(given).validate() } catch { throw refusedProperty(error) }
        let interval = commitMilliseconds(configuration)
        let limit = given.first { $0.key == "transaction.timeout.ms" }.flatMap { Int64($0.value) } ?? 5_000
        guard configuration.string("processing.guarantee") != "exactly_once" || 2 * interval <= limit else {
            throw CommandFailure(
                "processing.commit-interval is \(interval) ms, and a transaction that is open for \(limit) ms is aborted",
                remedy: "commit more often, or set kafka.transaction.timeout.ms to at least twice the interval",
                exitCode: 78)
        }
    }

    /// Deployments never meet, whatever their ids: a worker group must not be called as another group of another deployment.
    static func checkApplication(_ configuration: Configuration) throws {
        let application = configuration.string("application.id")
        guard application.hasSuffix(".items") || application.hasSuffix(".rekey") || application.contains(".dlq.") else {
            return
        }
        throw CommandFailure(
            "application.id '\(application)' is what another deployment may call one of its own groups",
            remedy: "choose one that does not end in .items or .rekey and has no .dlq. in it", exitCode: 78)
    }

    /// No topic is for two things.
    static func checkTopics(_ configuration: Configuration) throws {
        let keys = Settings.table.settings.map(\.key).filter { $0.hasPrefix("topics.") }
        let application = configuration.string("application.id")
        var uses = Dictionary(
            uniqueKeysWithValues: (["users", "items", "snapshots", "models"]
                + (configuration.bool("ingest.rekey") ? ["events"] : [])).map {
                    ("\(application).\($0)", "an internal topic of application.id \(application)")
                })
        for key in keys {
            let name = configuration.string(key)
            if let other = uses.updateValue(key, forKey: name) {
                throw CommandFailure(
                    "\(key) is '\(name)', and so is \(other)", remedy: "give each topic a name of its own", exitCode: 78
                )
            }
        }
    }

    /// What no type of a setting tells apart, so that every command refuses what `serve` would.
    static func checkWorker(_ configuration: Configuration) throws {
        let deployment = Deployment(configuration: configuration, bootstrap: "")
        _ = try deployment.roles()
        _ = try deployment.recipe(try deployment.workerSettings())
    }

    var topics: TopicNames {
        var names = TopicNames()
        names.application = configuration.string("application.id")
        names.events = isRekeyed ? names.application + ".events" : inputTopic
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

    /// The worker's settings.
    func workerSettings() throws -> WorkerSettings {
        var settings = WorkerSettings()
        settings.user.historyItemsMax = configuration.int("learning.history")
        settings.user.sessionGapMilliseconds = milliseconds("learning.session-gap")
        settings.user.window = configuration.int("learning.covisitation.window")
        settings.items.covisitation.window = configuration.int("learning.covisitation.window")
        settings.items.covisitation.distanceExponent = configuration.double("learning.covisitation.distance-exponent")
        settings.items.covisitation.backwardWeight = configuration.double("learning.covisitation.backward-weight")
        settings.items.covisitation.halfLifeMilliseconds = milliseconds("learning.covisitation.half-life")
        settings.items.covisitation.neighbours = configuration.int("learning.covisitation.neighbours")
        settings.items.popularityHalfLives = try halfLives()
        settings.items.itemsMax = configuration.int("learning.items")
        settings.typeNames = try typeNames()
        settings.admission.futureBoundMilliseconds = milliseconds("ingest.future-bound")
        settings.admission.skipped = try skipped()
        settings.scale = RatingScale(
            view: configuration.double("ratings.view"),
            removeFromCart: configuration.double("ratings.remove-from-cart"),
            cart: configuration.double("ratings.cart"), purchase: configuration.double("ratings.purchase"))
        settings.decay = Decay(halfLifeMilliseconds: milliseconds("ratings.half-life"))
        settings.rules.listItems = configuration.int("ranking.items")
        settings.rules.historyItems = settings.user.historyItemsMax
        settings.rules.excludesSeen = configuration.string("ranking.seen") == "exclude"
        settings.rules.perCategoryMax = configuration.int("ranking.per-category")
        settings.rules.exploration = configuration.double("ranking.exploration")
        settings.rules.continueItems = configuration.int("ranking.continue-shopping")
        settings.seed = UInt64(configuration.int("ranking.seed"))
        settings.variant = configuration.string("ranking.variant")
        settings.batchRecordsMax = configuration.int("processing.batch-records")
        settings.commitIntervalMilliseconds = UInt64(Self.commitMilliseconds(configuration))
        settings.checkpointDelayMilliseconds = UInt64(milliseconds("processing.checkpoint-delay"))
        settings.checkpointBytes = configuration.bytes("processing.checkpoint-bytes")
        settings.pendingBytesMax = configuration.bytes("processing.pending-bytes")
        settings.featuresIntervalMilliseconds = milliseconds("features.interval")
        settings.publishes = configuration.bool("publishing.enabled")
        return settings
    }

    /// From one commit to the next. Without transactions output is visible before its commit: nobody waits for one.
    private static func commitMilliseconds(_ configuration: Configuration) -> Int64 {
        configuration.optionalDuration("processing.commit-interval")?.inMilliseconds
            ?? (configuration.string("processing.guarantee") == "exactly_once" ? 50 : 100)
    }

    func milliseconds(_ key: String) -> Int64 { configuration.duration(key).inMilliseconds }

    private func halfLives() throws -> [Int64] {
        let texts = configuration.list("learning.popularity-half-lives")
        guard !texts.isEmpty else {
            throw CommandFailure(
                "learning.popularity-half-lives: at least one is needed; 0 is popularity that never fades", exitCode: 78
            )
        }
        let halfLives = try texts.map { text in
            guard case .duration(let duration)? = ValueType.duration.parse(text) else {
                throw CommandFailure(
                    "learning.popularity-half-lives: '\(text)' is no duration such as 15m or 7d", exitCode: 78)
            }
            return duration.inMilliseconds
        }
        guard ItemTable.Settings.isOrdered(halfLives) else {
            throw CommandFailure(
                "learning.popularity-half-lives: \(texts.joined(separator: ", ")) are not in order: the shortest first, and "
                    + "0, popularity that never fades, last", exitCode: 78)
        }
        return halfLives
    }

    private func skipped() throws -> [Int32: Set<Int64>] {
        try configuration.list("ingest.skip").reduce(into: [:]) { skipped, text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0,
                offset >= 0
            else {
                throw CommandFailure("ingest.skip: '\(text)' is not PARTITION:OFFSET, such as 3:1234", exitCode: 78)
            }
            skipped[partition, default: []].insert(offset)
        }
    }

    private func typeNames() throws -> EventTypeNames {
        let more: [(String, EventType)] = try configuration.list("ingest.aliases").map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let type = EventType.allCases.first(where: { $0.name == parts[1] }) else {
                throw CommandFailure(
                    "ingest.aliases: '\(text)' is not name=type, where type is one of "
                        + EventType.allCases.map(\.name).joined(separator: ", "), exitCode: 78)
            }
            return (parts[0], type)
        }
        return EventTypeNames(aliases: EventTypeNames.standardAliases + more)
    }
}

extension LogSink {
    static func configure(_ configuration: Configuration) {
        shared.level = Logger.Level(name: configuration.string("logging.level")) ?? .info
        shared.format = configuration.string("logging.format") == "json" ? .json : .logfmt
    }
}
