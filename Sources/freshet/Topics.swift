import Kafka
import Pipeline

/// What the design asks of each topic.
enum Topics {
    static let deadLetterBytesMax = 4 << 20

    /// - Parameter input: the topic that the shop writes, where the events topic is a rekeyed copy of it.
    static func specifications(
        _ names: TopicNames, partitions: Int32, input: String? = nil, includeInternal: Bool = true
    ) -> [TopicSpecification] {
        let compacted = ["cleanup.policy": "compact"]
        var specifications = [
            TopicSpecification(names.events, partitions: partitions),
            TopicSpecification(names.catalogue, partitions: partitions, settings: compacted),
            TopicSpecification(names.recommendations, partitions: partitions, settings: compacted),
            TopicSpecification(names.relatedItems, partitions: partitions, settings: compacted),
            TopicSpecification(names.userFeatures, partitions: partitions, settings: compacted),
            TopicSpecification(names.itemFeatures, partitions: partitions, settings: compacted),
            TopicSpecification(
                names.deadLetters, partitions: partitions, settings: ["max.message.bytes": "\(deadLetterBytesMax)"]),
        ]
        if let input, input != names.events {
            specifications.insert(TopicSpecification(input, partitions: partitions), at: 0)
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
}
