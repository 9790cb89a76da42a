import Kafka
import ServiceKit

/// What every command refuses in a configuration, so that none begins what `serve` would not go on with.
extension Deployment {
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
}
