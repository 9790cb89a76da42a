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
            + "are active or the internal topics hold state (`freshet reset` empties them). Under exactly_once all that it "
            + "writes, the lists of --publish too, is one transaction: readers see each list once, or nothing. With --verify "
            + "it writes nothing, and compares the users with those at the group's committed offsets; users with events before "
            + "the topic's beginning are counted as not verifiable. With --base it goes "
            + "on from a state that `freshet state export` wrote, where the topic's beginning has expired.",
        options: Deployment.options + [
            .flag("verify", "Compare with the stored state; exit 1, and no other code, and say what differs."),
            .flag(
                "publish",
                "Publish every user's list, made from the rebuilt state, the present catalogue and the served generation."
            ),
            .flag("json", "Print one JSON object."),
            .option("base", "FILE", "Begin with the state in a file of `state export`, at its place in the topic."),
            .option(
                "from", "OFFSET|TIME",
                "Begin at an offset, or at a time (RFC 3339, by the records' Kafka timestamps), of every partition."),
            .option(
                "until", "OFFSET|TIME", "End before an offset or such a time; the topic's present end by default."),
        ]
    ) { arguments in
        try check(arguments)
        let deployment = try Deployment(arguments)
        return try arguments.flag("verify") ? verify(deployment, arguments) : rebuild(deployment, arguments)
    }

    /// Refuses options that mean nothing together.
    private static func check(_ arguments: ParsedArguments) throws {
        if arguments.flag("verify") {
            guard !arguments.flag("publish") else { throw UsageError("--verify writes nothing: leave out --publish") }
            guard arguments["from"] == nil, arguments["until"] == nil else {
                throw UsageError("--verify compares at the committed offsets: leave out --from and --until")
            }
        }
        for name in ["from", "until"] { _ = try arguments[name].map(ReplayRanges.Bound.init) }
        guard arguments["base"] == nil || arguments["from"] == nil else {
            throw UsageError("--base says where to begin: leave out --from")
        }
    }

    private static func rebuild(_ deployment: Deployment, _ arguments: ParsedArguments) throws -> Int32 {
        try deployment.refuseMistakes()
        let base = try arguments["base"].map(StateFileReader.init)
        guard !arguments.flag("publish") || deployment.configuration.bool("publishing.enabled") else {
            throw CommandFailure(
                "publishing.enabled is false", remedy: "set it to true, or leave out --publish", exitCode: 78)
        }
        let log = try deployment.stateLog()
        let output = try KafkaReplayOutput(deployment.logSettings(isStatic: false), groups: deployment.groups)
        try checkIdle(output, deployment)
        let (ranges, leftOut) = try ReplayRanges(deployment, log, base)
            .ranges(
                from: arguments["from"].map(ReplayRanges.Bound.init),
                until: arguments["until"].map(ReplayRanges.Bound.init))
        let notes = LineOutput.standardError
        for range in ranges where leftOut.contains(range.partition) {
            notes.write(
                line:
                    "nothing is replayed of partition \(range.partition); `serve` goes on there at offset \(range.end)")
        }
        let replay = try run(deployment, log, ranges, base)
        let ends = Dictionary(uniqueKeysWithValues: ranges.map { ($0.partition, $0.end) })
        let publisher = arguments.flag("publish") ? try publisher(log, replay) : nil
        if publisher?.hasGeneration == false {
            notes.write(line: "no generation is served (`freshet reset` deletes them): lists are made without factors")
        }
        if replay.total == 0 {
            notes.write(
                line: base == nil
                    ? "the events topic is empty, and so is the rebuilt state"
                    : "no event has come since the base: its state is the rebuilt one")
        }
        let stop = Latch()
        try Interrupts.stopping(stop, patience: .seconds(30)) {
            do throws(LogError) {
                try replay.write(
                    to: StoppableOutput(output, stop, abandon: output.abandon), ends: ends, publisher: publisher)
            } catch {
                guard stop.isSet else { throw error }
                throw CommandFailure(
                    "interrupted while writing",
                    remedy: (deployment.isTransactional ? "no reader sees what was written; " : "")
                        + "`freshet reset` takes it away, then run it again", exitCode: Interrupts.exitCode)
            }
        }
        report(replay, arguments, extra: "", publisher)
        return 0
    }

    /// Refuses to write beside members at work, or over state.
    private static func checkIdle(_ output: KafkaReplayOutput, _ deployment: Deployment) throws {
        if let group = try output.activeGroup() {
            throw CommandFailure(
                "the group \(group.name) has \(HumanFormat.counted(group.members, "member")) at work",
                remedy:
                    "stop them first (one that was killed, or has an instance.id, counts for another ten seconds), or "
                    + "rebuild under another application.id beside them", exitCode: 75)
        }
        for topic in [LogTopic.users, .itemLog, .snapshots] where try output.holdsRecords(topic) {
            throw CommandFailure(
                "the topic \(deployment.topics[topic]) holds state already",
                remedy: "`freshet reset` empties the internal topics; --verify only compares", exitCode: 65)
        }
    }

    private static func publisher(_ log: KafkaStateLog, _ replay: Replay) throws -> ReplayPublisher {
        let users = replay.stores.values.reduce(0) { $0 + $1.count }
        let bar = ProgressBar("publish", total: users, unit: "lists")
        return try ReplayPublisher(log.reading) { done in
            bar.update(completed: done)
            if done == users { bar.finish() }
        }
    }

    private static func verify(_ deployment: Deployment, _ arguments: ParsedArguments) throws -> Int32 {
        let base = try arguments["base"].map(StateFileReader.init)
        let stored = try StateCommand.restore(deployment)
        let log = try deployment.stateLog()
        let ranges = try ReplayRanges(deployment, log, base).ranges(until: stored.partitions.mapValues(\.position))
        let replay = try run(deployment, log, ranges, base)
        guard replay.total > 0 || stored.partitions.values.contains(where: { $0.store.count > 0 }) else {
            throw CommandFailure(
                "there is nothing to verify: the group \(deployment.topics.application) has committed no events of "
                    + "\(deployment.topics.events), and has no users",
                remedy: "`freshet serve` learns them, `freshet replay` without --verify rebuilds from them",
                exitCode: 65)
        }
        // What lies before a base is in the base.
        let starts = base == nil ? Dictionary(uniqueKeysWithValues: ranges.map { ($0.partition, $0.from) }) : [:]
        let comparison = StateComparison(stored: stored, replay: replay, starts: starts)
        report(replay, arguments, extra: comparison.verdict)
        return comparison.isIdentical ? 0 : 1
    }

    private static func run(
        _ deployment: Deployment, _ log: KafkaStateLog, _ ranges: [Replay.Range], _ base: StateFileReader?
    ) throws -> Replay {
        let replay = try Replay(
            settings: deployment.workerSettings(), ranges: ranges, requiresKey: log.partitionCount > 1,
            reading: log.reading)
        if let base {
            let bar = ProgressBar("base", total: base.head.users, unit: "users")
            try base.load(into: replay) { bar.update(completed: $0) }
            bar.finish()
        }
        let bar = ProgressBar("replay", total: replay.total, unit: "events")
        while try replay.advance(20_000) { bar.update(completed: replay.done) }
        bar.update(completed: replay.done)
        bar.finish()
        return replay
    }

    private static func report(
        _ replay: Replay, _ arguments: ParsedArguments, extra: String, _ publisher: ReplayPublisher? = nil
    ) {
        let users = replay.usersHash().hex
        let items = replay.items.table.hash().hex
        let counters = replay.counters
        if !extra.isEmpty, !arguments.flag("json") { print(printable(extra)) }
        if arguments.flag("json") {
            print(
                "{\"users\": \"\(users)\", \"items\": \"\(items)\", \"events\": \(counters.events), "
                    + "\"rejected\": \(counters.rejected), \"duplicates\": \(counters.duplicates)"
                    + (publisher.map { ", \"lists\": \($0.lists)" } ?? "")
                    + (extra.isEmpty ? "}" : ", \"verdict\": \(jsonString(extra))}"))
        } else {
            // Item tables follow the order in which instances wrote; replays agree with each other.
            print("users  \(users)\nitems  \(items)" + (extra.isEmpty ? "" : " as replayed, not compared"))
            print(
                "\(HumanFormat.grouped(counters.events)) events, \(counters.rejected) rejected, "
                    + "\(counters.duplicates) duplicates")
            guard let publisher else { return }
            print("\(HumanFormat.grouped(publisher.lists)) lists published")
            if publisher.tooLarge > 0 {
                print("\(publisher.tooLarge) lists left out: they are larger than the topic's max.message.bytes")
            }
        }
    }
}
