import Kafka
import Pipeline

/// What the design asks of each topic.
enum Topics {
    static let deadLetterBytesMax = 4 << 20
    /// How far, in ms, a record's time may lie after the broker's: what is years ahead would end the popularity of everything
    /// else for good, and its event's time is measured against nothing but the record's. Brokers know it since Kafka 3.6.
    static let aheadKey = "message.timestamp.after.max.ms"
    static let aheadMax = 3_600_000

    /// - Parameters:
    ///   - input: the topic that the shop writes, where the events topic is a rekeyed copy of it.
    ///   - inputSettings: those of that topic, where it is there: a copy is kept as long, and takes records as large.
    static func specifications(
        _ names: TopicNames, partitions: Int32, input: String? = nil, inputSettings: [String: TopicSetting] = [:],
        includeInternal: Bool = true
    ) -> [TopicSpecification] {
        let compacted = ["cleanup.policy": "compact"]
        let written = [aheadKey: "\(aheadMax)"]
        var specifications = [
            TopicSpecification(names.events, partitions: partitions, settings: written),
            TopicSpecification(names.catalogue, partitions: partitions, settings: compacted),
            TopicSpecification(names.recommendations, partitions: partitions, settings: compacted),
            TopicSpecification(names.relatedItems, partitions: partitions, settings: compacted),
            TopicSpecification(names.userFeatures, partitions: partitions, settings: compacted),
            TopicSpecification(names.itemFeatures, partitions: partitions, settings: compacted),
            TopicSpecification(
                names.deadLetters, partitions: partitions, settings: ["max.message.bytes": "\(deadLetterBytesMax)"]),
        ]
        if let input, input != names.events {
            let kept = ["retention.ms", "retention.bytes", "max.message.bytes"]
            specifications[0].settings = inputSettings.filter { kept.contains($0.key) }.mapValues(\.value)
            specifications.insert(TopicSpecification(input, partitions: partitions, settings: written), at: 0)
        }
        guard includeInternal else { return specifications }
        // What is written again and again is compacted often: a start reads these topics, and by Kafka's defaults a week's
        // or a gigabyte of what later records replaced would lie in them.
        let internalSettings = compacted.merging([
            "segment.bytes": "\(64 << 20)", "segment.ms": "\(30 * 60_000)", "min.cleanable.dirty.ratio": "0.2",
        ]) { $1 }
        specifications += [
            TopicSpecification(names[.users], partitions: partitions, settings: internalSettings),
            // By time: a snapshot of the item table stands for what has gone.
            TopicSpecification(
                names[.itemLog], partitions: 1,
                settings: ["cleanup.policy": "delete", "retention.ms": "\(7 * 86_400_000)"]),
            TopicSpecification(names[.snapshots], partitions: 1, settings: internalSettings),
            TopicSpecification(names[.models], partitions: 1, settings: internalSettings),
        ]
        return specifications
    }

    /// What a deployment's topics have to be, beside those that are there.
    ///
    /// - Parameter partitions: of the events topic, if it has to be made.
    static func wanted(
        _ deployment: Deployment, _ admin: Admin, partitions: Int32 = 4
    ) throws(KafkaError) -> (wanted: [TopicSpecification], known: [String: TopicDescription]) {
        let (names, input) = (deployment.topics, deployment.inputTopic)
        let known = try admin.listTopics().reduce(into: [String: TopicDescription]()) { $0[$1.name] = $1 }
        let count = (known[names.events] ?? known[input]).map { Int32($0.partitions.count) } ?? partitions
        let isCopied = input != names.events && known[input] != nil
        let settings = isCopied ? try admin.describeSettings(ofTopics: [input])[input] : nil
        let wanted = specifications(names, partitions: count, input: input, inputSettings: settings ?? [:])
        return (wanted, known)
    }

    /// Makes topics; a broker that does not know a setting of ours that is not indispensable makes them without it.
    static func create(
        _ topics: [TopicSpecification], by make: ([TopicSpecification]) throws(KafkaError) -> [String: AdminResult]
    ) throws(KafkaError) -> [String: AdminResult] {
        var results = try make(topics)
        let again = topics.compactMap { topic -> TopicSpecification? in
            guard case .failed(let error)? = results[topic.name], error.code == .invalidConfiguration else {
                return nil
            }
            var plain = topic
            return plain.settings.removeValue(forKey: aheadKey) == nil ? nil : plain
        }
        if !again.isEmpty { results.merge(try make(again)) { $1 } }
        return results
    }
}
