import Events
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit

/// `freshet replay`: state from the events topic alone.
enum ReplayCommand {
    static let command = Command(
        "replay", "Rebuild the state from the events topic.",
        discussion:
            "Without --verify it writes what it rebuilt, so that `serve` goes on from there; it refuses while members "
            + "are active or the internal topics hold state (`freshet reset` empties them). With --verify it writes "
            + "nothing, and compares the users with those at the group's committed offsets.",
        options: Deployment.options + [
            .flag("verify", "Compare with the stored state; exit 1 and say what differs."),
            .flag("json", "Print one JSON object."),
            .option("from", "OFFSET|TIME", "Begin at an offset, or at a time (RFC 3339), of every partition."),
            .option("until", "OFFSET|TIME", "End before an offset or a time; the topic's present end by default."),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        do {
            return try arguments.flag("verify") ? verify(deployment, arguments) : rebuild(deployment, arguments)
        } catch let error as LogError {
            throw CommandFailure(error.message)
        }
    }

    private static func rebuild(_ deployment: Deployment, _ arguments: ParsedArguments) throws -> Int32 {
        let settings = deployment.logSettings(isStatic: false)
        let output = try KafkaReplayOutput(settings)
        let members = try output.activeMembers()
        guard members == 0 else {
            throw CommandFailure(
                "\(members) members of the group \(deployment.topics.application) are at work",
                remedy: "stop them first, or rebuild under another application.id beside them")
        }
        for topic in [LogTopic.users, .itemLog, .snapshots] where try output.holdsRecords(topic) {
            throw CommandFailure(
                "the topic \(deployment.topics[topic]) holds state already",
                remedy: "`freshet reset` empties the internal topics; --verify only compares")
        }
        let log = try KafkaStateLog(settings)
        let ranges = try ranges(deployment, log, arguments)
        let replay = try run(deployment, log, ranges)
        let ends = Dictionary(uniqueKeysWithValues: ranges.map { ($0.partition, $0.end) })
        try replay.write(to: output, ends: ends)
        report(replay, arguments, extra: "")
        return 0
    }

    private static func verify(_ deployment: Deployment, _ arguments: ParsedArguments) throws -> Int32 {
        let stored = try StateCommand.restore(deployment)
        let log = try KafkaStateLog(deployment.logSettings(isStatic: false))
        var ranges: [Replay.Range] = []
        for (partition, worker) in stored.partitions {
            ranges.append(.init(partition: partition, from: try log.bounds(partition).low, end: worker.position))
        }
        let replay = try run(deployment, log, ranges)
        let differing = differences(stored, replay)
        let unverifiable = ranges.filter { $0.from > 0 }.map(\.partition).sorted()
        if differing.isEmpty {
            let count = replay.stores.values.reduce(0) { $0 + $1.count }
            let note =
                unverifiable.isEmpty
                ? "" : " (not verifiable: users with events before the log's start, partitions \(unverifiable))"
            report(replay, arguments, extra: "identical: \(HumanFormat.grouped(count)) users\(note)")
            return 0
        }
        report(
            replay, arguments,
            extra: "DIFFERENT: \(differing.count) users, such as \(differing.prefix(5).joined(separator: ", "))")
        return 1
    }

    /// Users that the stored state and the rebuilt one do not agree on.
    private static func differences(_ stored: Worker, _ replay: Replay) -> [String] {
        if stored.usersHash() == replay.usersHash() { return [] }
        var differing: [String] = []
        for (partition, worker) in stored.partitions.sorted(by: { $0.key < $1.key }) {
            guard let store = replay.stores[partition] else { continue }
            let mine = worker.store.recordHashes(items: stored.items.table.identifiers)
            let other = store.recordHashes(items: replay.items.table.identifiers)
            for user in Set(mine.keys).union(other.keys).sorted() where mine[user] != other[user] {
                differing.append(user)
            }
        }
        return differing
    }

    static func run(_ deployment: Deployment, _ log: KafkaStateLog, _ ranges: [Replay.Range]) throws -> Replay {
        let replay = try Replay(
            settings: deployment.workerSettings(), ranges: ranges, requiresKey: log.partitionCount > 1,
            reading: log.reading)
        let bar = ProgressBar("replay", total: replay.total, unit: "events")
        while try replay.advance(20_000) { bar.update(completed: replay.done) }
        bar.finish()
        return replay
    }

    private static func ranges(
        _ deployment: Deployment, _ log: KafkaStateLog, _ arguments: ParsedArguments
    ) throws -> [Replay.Range] {
        var ranges: [Replay.Range] = []
        for partition in log.partitionNumbers {
            let bounds = try log.bounds(partition)
            let from = try arguments["from"].map { try place($0, partition, log) } ?? bounds.low
            let end = try arguments["until"].map { try place($0, partition, log) } ?? bounds.end
            ranges.append(
                .init(partition: partition, from: max(from, bounds.low), end: max(from, min(end, bounds.end))))
        }
        return ranges
    }

    /// An offset, or the first one at or after a time.
    private static func place(_ text: String, _ partition: Int32, _ log: KafkaStateLog) throws -> Int64 {
        if let offset = Int64(text) { return offset }
        var text = text
        let time = text.withUTF8 { EventTime.milliseconds(UnsafeRawBufferPointer($0)) }
        guard let time else {
            throw UsageError("'\(text)' is neither an offset nor a time such as 2026-01-31T12:00:00Z")
        }
        return try log.offset(partition, atMilliseconds: time)
    }

    private static func report(_ replay: Replay, _ arguments: ParsedArguments, extra: String) {
        let users = replay.usersHash().hex
        let items = replay.items.table.hash().hex
        let counters = replay.counters
        if !extra.isEmpty, !arguments.flag("json") { print(extra) }
        if arguments.flag("json") {
            print(
                "{\"users\": \"\(users)\", \"items\": \"\(items)\", \"events\": \(counters.events), "
                    + "\"rejected\": \(counters.rejected), \"duplicates\": \(counters.duplicates)"
                    + (extra.isEmpty ? "}" : ", \"verdict\": \"\(extra)\"}"))
        } else {
            print("users  \(users)\nitems  \(items)")
            print(
                "\(HumanFormat.grouped(counters.events)) events, \(counters.rejected) rejected, "
                    + "\(counters.duplicates) duplicates")
        }
    }
}
