import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet explain`: computes a published list again from its provenance, and compares.
enum ExplainCommand {
    static let command = Command(
        "explain", "Compute a user's published list again from its provenance.",
        discussion:
            "The user is restored from its events up to the list's offset, the item table from a snapshot and the "
            + "item log up to the list's place in it, the generation by its number. Exit code 1 when the list comes out "
            + "different, in any bit; 66 when what it was made from is no longer kept: it goes as far back as snapshots and "
            + "generations do. It reads only.",
        arguments: [Argument("user", "The user's id.")],
        options: Deployment.options + [
            .option("partition", "N", "The partition of the recommendations topic.", type: .int(0...1_000_000)),
            .option(
                "offset", "N", "The list at this offset of the partition; the user's newest by default.",
                type: .int(0...Int.max)),
            .flag("json", "Print one JSON object."),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        return try explain(arguments.required("user"), deployment, arguments)
    }

    /// A list's record, as it was published.
    struct Found {
        var partition: Int32
        var offset: Int64
        var value: [UInt8]
    }

    private struct Origin: Decodable {
        struct Provenance: Decodable {
            let configuration: String
        }

        let provenance: Provenance
    }

    private static func explain(_ user: String, _ deployment: Deployment, _ arguments: ParsedArguments) throws -> Int32
    {
        let log = try deployment.stateLog()
        let found = try find(user, log.reading, deployment, arguments)
        let published = try JSONDecoder().decode(PublishedList.self, from: Data(found.value))
        let origin = try JSONDecoder().decode(Origin.self, from: Data(found.value)).provenance.configuration
        guard published.user == user else {
            throw CommandFailure("the list there is that of user '\(published.user)'", exitCode: 65)
        }
        let settings = try deployment.workerSettings()
        let mine = String(settings.configurationHash, radix: 16)
        let recomputation = ListRecomputation(
            settings: settings, reading: log.reading, requiresKey: log.partitionCount > 1)
        let from = published.provenance
        let place = ListProvenance(
            partition: from.partition, offset: from.offset, itemsOffset: from.itemsOffset, generation: from.generation)
        let again = try recomputation.list(
            user: Array(user.utf8), at: place, eventsLow: try log.bounds(from.partition).low)
        let comparison = ListComparison(published: found.value, again: again)
        if arguments.flag("json") {
            print(comparison.json(found))
        } else {
            print("list of user \(user): \(deployment.topics.recommendations)[\(found.partition)] at \(found.offset)")
            print(
                "from events of partition \(from.partition) up to \(from.offset), the item log up to \(from.itemsOffset), "
                    + (from.generation.map { "generation \($0)" } ?? "no generation"))
            if origin != mine {
                print("note: it was made with other settings (configuration \(origin), here \(mine))")
            }
            print(try comparison.text())
        }
        return comparison.isIdentical ? 0 : 1
    }

    private static func find(
        _ user: String, _ reading: KafkaTopicReading, _ deployment: Deployment, _ arguments: ParsedArguments
    ) throws -> Found {
        let topic = deployment.topics.recommendations
        let description = try deployment.requireTopic(topic, deployment.reachedAdmin())
        let key = Array(user.utf8)
        let chosen = arguments.int("partition").map(Int32.init)
        let partition = chosen ?? JavaPartitioner.partition(of: key, count: description.partitions.count)
        let wanted = arguments.int("offset").map(Int64.init)
        try deployment.requirePlace(description, partition, offset: wanted)
        let reader = try reading.reader(.recommendations, partition: partition, from: wanted ?? 0)
        var newest: Found?
        var isAtEnd = false
        var (position, movedAt) = (reader.position, ContinuousClock.now)
        while !isAtEnd, wanted.map({ reader.position <= $0 }) ?? true {
            if reader.position != position { (position, movedAt) = (reader.position, .now) }
            if TopicScan.isSilent(since: movedAt) { throw TopicScan.silence(topic) }
            isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: 100) { record in
                guard wanted.map({ $0 == record.offset }) ?? record.key?.elementsEqual(key) ?? false else { return }
                newest = record.value.map { Found(partition: partition, offset: record.offset, value: Array($0)) }
            }
        }
        guard let newest else {
            let place = wanted.map { " at offset \($0)" } ?? ""
            throw CommandFailure("\(topic)[\(partition)] has no list of user '\(user)'\(place)", exitCode: 65)
        }
        return newest
    }
}
