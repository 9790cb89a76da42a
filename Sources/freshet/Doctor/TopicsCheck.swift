import Kafka
import Pipeline
import ServiceKit

/// Compares the topics with what the design asks for.
struct TopicsCheck {
    let deployment: Deployment
    let admin: Admin

    func findings() throws -> [Finding] {
        let names = deployment.topics
        let known = try admin.listTopics().reduce(into: [String: TopicDescription]()) { $0[$1.name] = $1 }
        let partitions = Int32(known[names.events]?.partitions.count ?? 4)
        let wanted = Topics.specifications(names, partitions: partitions)
        let present = wanted.filter { known[$0.name] != nil }
        let settings = try admin.describeSettings(ofTopics: present.map(\.name))
        var findings = wanted.map { specification -> Finding in
            guard let topic = known[specification.name] else {
                return .wrong(
                    specification.name, "missing",
                    "freshet topics create --bootstrap \(deployment.bootstrap)")
            }
            return check(specification, topic, settings[specification.name] ?? [:])
        }
        findings += sizes(settings)
        return findings
    }

    /// Whose number of partitions has to be that of the specification: elsewhere it is the owner's choice.
    private func needsPartitions(_ name: String) -> Bool {
        let names = deployment.topics
        return [names[.users], names[.itemLog], names[.models]].contains(name)
    }

    private func check(
        _ wanted: TopicSpecification, _ topic: TopicDescription, _ settings: [String: TopicSetting]
    ) -> Finding {
        let count = topic.partitions.count
        let leaderless = topic.partitions.filter { $0.leader < 0 }
        if !leaderless.isEmpty {
            return .wrong(
                wanted.name, "partitions \(leaderless.map(\.number)) have no leader",
                "bring the brokers that hold them back")
        }
        if needsPartitions(wanted.name), count != Int(wanted.partitions) {
            let why = wanted.name == deployment.topics[.users] ? "as many as the events topic" : "one"
            return .wrong(
                wanted.name, "\(HumanFormat.counted(count, "partition")); it has to have \(why) (\(wanted.partitions))",
                "where partitions were added to \(deployment.topics.events): rebuild beside under another application.id with "
                    + "ingest.rekey: true; else `freshet reset`, delete the topic, `freshet topics create`, `freshet replay`"
            )
        }
        for (key, value) in wanted.settings.sorted(by: { $0.key < $1.key }) {
            let found = settings[key]?.value ?? ""
            if !Self.satisfies(key, found, value) {
                return .wrong(
                    wanted.name, "\(key) is '\(found)', not '\(value)'",
                    "kafka-configs.sh --bootstrap-server \(deployment.bootstrap) --alter --entity-type topics "
                        + "--entity-name \(wanted.name) --add-config \(key)=\(value)")
            }
        }
        if let behind = topic.partitions.first(where: { $0.inSyncReplicaCount < $0.replicaCount }) {
            return .note(
                wanted.name,
                "partition \(behind.number) has \(behind.inSyncReplicaCount) of \(behind.replicaCount) replicas in sync"
            )
        }
        return .fine(wanted.name, Self.summary(topic, settings))
    }

    /// Longer retention and larger records than asked for are no fault.
    static func satisfies(_ key: String, _ found: String, _ wanted: String) -> Bool {
        switch key {
        case "cleanup.policy": found.split(separator: ",").contains { $0 == wanted }
        case "retention.ms":
            (Int(found).map { $0 < 0 ? Int.max : $0 } ?? 0) >= Int(wanted) ?? 0
        case "max.message.bytes": Int(found) ?? 0 >= Int(wanted) ?? 0
        default: found == wanted
        }
    }

    private static func summary(_ topic: TopicDescription, _ settings: [String: TopicSetting]) -> String {
        var parts = ["\(topic.partitions.count) partition" + (topic.partitions.count == 1 ? "" : "s")]
        let replicas = topic.partitions.map(\.replicaCount).min() ?? 0
        parts.append("\(replicas) replica" + (replicas == 1 ? "" : "s"))
        let policy = settings["cleanup.policy"]?.value ?? "?"
        parts.append(policy)
        if policy.contains("delete"), let kept = settings["retention.ms"].flatMap({ Int($0.value) }) {
            parts.append(kept < 0 ? "kept for ever" : "kept \(HumanFormat.duration(.milliseconds(kept)))")
        }
        return parts.joined(separator: ", ")
    }

    /// Limits of record sizes that have to fit together.
    private func sizes(_ settings: [String: [String: TopicSetting]]) -> [Finding] {
        let names = deployment.topics
        func limit(_ name: String) -> Int? { settings[name]?["max.message.bytes"].flatMap { Int($0.value) } }
        var findings: [Finding] = []
        if let events = limit(names.events), let letters = limit(names.deadLetters), letters < events + 10_000 {
            findings.append(
                .wrong(
                    "record sizes",
                    "\(names.deadLetters) takes \(HumanFormat.bytes(letters)) a record, \(names.events) "
                        + "\(HumanFormat.bytes(events)): a large bad record could not be kept",
                    "kafka-configs.sh --bootstrap-server \(deployment.bootstrap) --alter --entity-type topics --entity-name "
                        + "\(names.deadLetters) --add-config max.message.bytes=\(max(2 * events, Topics.deadLetterBytesMax))"
                ))
        }
        if let log = limit(names[.itemLog]), log < 600_000 {
            findings.append(
                .wrong(
                    "record sizes",
                    "\(names[.itemLog]) takes \(HumanFormat.bytes(log)) a record; blocks have up to 512 KB",
                    "raise its max.message.bytes to 1048588"))
        }
        let client = Int(deployment.client["message.max.bytes"] ?? "8000000") ?? 0
        if let events = limit(names.events), client < events {
            findings.append(
                .wrong(
                    "client limits",
                    "kafka.message.max.bytes is \(HumanFormat.bytes(client)), the events topic takes \(HumanFormat.bytes(events))",
                    "raise kafka.message.max.bytes: a dead letter is as large as the record that it holds"))
        } else if findings.isEmpty {
            findings.append(.fine("record sizes", "clients and topics fit together"))
        }
        return findings
    }
}
