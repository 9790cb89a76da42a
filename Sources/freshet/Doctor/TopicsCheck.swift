import Kafka
import Pipeline
import ServiceKit

/// Compares the topics with what the design asks for.
struct TopicsCheck {
    let deployment: Deployment
    let admin: Admin

    func findings() throws -> [Finding] {
        let (wanted, known) = try Topics.wanted(deployment, admin)
        let present = wanted.filter { known[$0.name] != nil }
        let settings = try admin.describeSettings(ofTopics: present.map(\.name))
        let lastMissing = wanted.last { known[$0.name] == nil }?.name
        var findings = wanted.map { specification -> Finding in
            let name = specification.name
            guard let topic = known[name] else {
                // One remedy makes all of them.
                let remedy = name == lastMissing ? Deployment.topicsRemedy : nil
                return Finding(
                    verdict: .wrong, subject: name, text: "missing, or this user may not see it", remedy: remedy)
            }
            return check(specification, topic, settings[name] ?? [:])
        }
        findings += Self.replicas(
            present.compactMap { known[$0.name] }.filter { deployment.isInternal($0.name) },
            brokers: try admin.brokerCount())
        findings += sizes(settings)
        if let input = settings[deployment.inputTopic] {
            findings.append(Self.times(deployment.inputTopic, input, bootstrap: deployment.bootstrap))
            findings.append(.fine("broker version", "by the settings that topics have: \(Self.version(input))"))
        }
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
                    + "ingest.rekey: true; else `freshet reset`, which makes it anew, and `freshet replay`"
            )
        }
        // The bound on times has a finding of its own.
        for (key, value) in wanted.settings.sorted(by: { $0.key < $1.key }) where key != Topics.aheadKey {
            let found = settings[key]?.value ?? ""
            if !Self.satisfies(key, found, value, isInternal: deployment.isInternal(wanted.name)) {
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
        let summary = Self.summary(topic, settings)
        let policy = settings["cleanup.policy"]?.value ?? ""
        if wanted.settings["cleanup.policy"] == "compact", Self.policies(policy).contains("delete") {
            return .note(wanted.name, summary + ": what has not changed for longer is gone")
        }
        return .fine(wanted.name, summary)
    }

    private static func policies(_ text: String) -> Set<String> {
        Set(text.split { $0 == "," || $0 == " " }.map(String.init))
    }

    /// Longer retention and larger records than asked for are no fault. What is Freshet's own is cleaned as it is asked for and in
    /// no other way: state that is deleted by time is lost, and of an item log that is compacted too nothing remains.
    static func satisfies(_ key: String, _ found: String, _ wanted: String, isInternal: Bool = false) -> Bool {
        switch key {
        case "cleanup.policy": isInternal ? policies(found) == [wanted] : policies(found).contains(wanted)
        case "retention.ms", "retention.bytes":
            (Int(found).map { $0 < 0 ? Int.max : $0 } ?? 0) >= (Int(wanted).map { $0 < 0 ? Int.max : $0 } ?? 0)
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

    /// A single copy of state that other brokers could hold as well.
    static func replicas(_ topics: [TopicDescription], brokers: Int) -> [Finding] {
        let single = topics.filter { $0.partitions.contains { $0.replicaCount == 1 } }.map(\.name)
        guard brokers > 1, !single.isEmpty else { return [] }
        return [
            .note(
                "replicas",
                "one only of \(single.joined(separator: ", ")), on \(brokers) brokers: with its broker the state is gone",
                "kafka-reassign-partitions.sh adds some; `freshet topics create --replication 3` makes new topics so")
        ]
    }

    /// Whether a producer's clock can carry the stream's time away.
    static func times(_ name: String, _ settings: [String: TopicSetting], bootstrap: String) -> Finding {
        let subject = "record times"
        if settings["message.timestamp.type"]?.value == "LogAppendTime" {
            return .fine(subject, "those of \(name) are the broker's own")
        }
        let bound = settings[Topics.aheadKey].flatMap { Int($0.value) }
        if let bound, bound <= 86_400_000 {
            return .fine(
                subject, "those of \(name) may lie \(HumanFormat.duration(.milliseconds(bound))) ahead of the broker's")
        }
        let setting = bound == nil ? "message.timestamp.type=LogAppendTime" : "\(Topics.aheadKey)=\(Topics.aheadMax)"
        return .note(
            subject,
            "\(name) takes records from any future: one producer whose clock is years ahead ends the popularity of all else",
            "kafka-configs.sh --bootstrap-server \(bootstrap) --alter --entity-type topics --entity-name \(name) "
                + "--add-config \(setting)")
    }

    /// No client is told a broker's version; releases differ by what can be set for a topic.
    static func version(_ settings: [String: TopicSetting]) -> String {
        guard settings[Topics.aheadKey] != nil else { return "older than Kafka 3.6" }
        return settings["message.format.version"] == nil ? "Kafka 4.0 or later" : "Kafka 3.6 to 3.9"
    }

    /// What the leader writes in pieces has smaller ones where its topic takes no more: no fault, but a start reads more of
    /// them.
    static func pieces(_ names: TopicNames, _ settings: [String: [String: TopicSetting]]) -> [Finding] {
        let wanted: [(LogTopic, Int, String)] = [
            (.snapshots, ItemSnapshot.chunkBytes + ItemSnapshot.itemBytesMax, "snapshots"),
            (.models, GenerationRecords.chunkBytes, "generations"),
        ]
        return wanted.compactMap { topic, bytes, what in
            guard let limit = settings[names[topic]]?["max.message.bytes"].flatMap({ Int($0.value) }), limit < bytes
            else {
                return nil
            }
            return .note(
                "record sizes",
                "\(names[topic]) takes \(HumanFormat.bytes(limit)) a record: \(what) are written in smaller pieces than usual",
                "raise its max.message.bytes to 1048588")
        }
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
        findings += Self.pieces(names, settings)
        let client = deployment.client.messageBytesMax
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
