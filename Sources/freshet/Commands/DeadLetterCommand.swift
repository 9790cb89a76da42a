import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet dlq`
enum DeadLetterCommand {
    static let command = Command(
        "dlq", "Look at records that could not be learnt, and drive them back after a fix.",
        subcommands: [list, show, redrive])

    private static let reasonOption = Option.option(
        "reason", "CODE", "Only letters with this reason, such as unknown-type; can be repeated.", isRepeating: true)

    /// The reasons asked for, each of them one that there is.
    private static func reasons(_ arguments: ParsedArguments) throws -> Set<String> {
        let known = RejectionCode.allCases.map(\.rawValue)
        for reason in arguments.all("reason") where !known.contains(reason) {
            let near = nearestWord(to: reason, among: known).map { "; did you mean \($0)?" } ?? "."
            throw UsageError(
                "--reason: there is no reason '\(reason)'\(near) There are: \(known.joined(separator: ", "))")
        }
        return Set(arguments.all("reason"))
    }

    private static let list = Command(
        "list", "Count the dead letters by reason, and list the latest.",
        options: Deployment.options + [
            reasonOption,
            .option("limit", "N", "Letters listed, the latest ones.", type: .int(0...100_000), default: "20"),
            .flag("json", "One JSON object a letter, all of them; what is no UTF-8 in base64."),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let wanted = try reasons(arguments)
        let isJSON = arguments.flag("json")
        let limit = arguments.int("limit") ?? 20
        var counts: [String: Int] = [:]
        var latest: [DeadLetter] = []
        try scan(deployment).readToEnd { message in
            let letter = DeadLetter(message)
            guard wanted.isEmpty || wanted.contains(letter.reason) else { return true }
            counts[letter.reason, default: 0] += 1
            if isJSON { print(json(letter)) }
            latest.append(letter)
            if latest.count > 4 * limit + 100 { latest = newest(latest, limit) }
            return true
        }
        if !isJSON { report(counts, newest(latest, limit)) }
        return 0
    }

    private static let show = Command(
        "show", "Show one dead letter whole: its reason, origin, headers and bytes.",
        arguments: [Argument("place", "PARTITION:OFFSET, as `dlq list` names it.")], options: Deployment.options
    ) { arguments in
        let deployment = try Deployment(arguments)
        let parts = arguments.required("place").split(separator: ":")
        guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), offset >= 0 else {
            throw UsageError("<place> is PARTITION:OFFSET, such as 0:17")
        }
        var found: DeadLetter?
        try scan(deployment, from: [partition: offset]).readToEnd { message in
            guard message.offset >= offset else { return true }
            if message.offset == offset { found = DeadLetter(message) }
            return false
        }
        guard let letter = found else {
            throw CommandFailure("there is no dead letter \(partition):\(offset)", exitCode: 1)
        }
        for line in description(letter) { print(printable(line)) }
        return 0
    }

    private static let redrive = Command(
        "redrive", "Send dead letters back to the partition that each came from.",
        discussion:
            "Key, value and headers as they were, to the topic and partition that the letter names, so that the "
            + "user's history stays in one place. How far each reason has been driven back is kept in the consumer group "
            + "<application.id>.dlq.<reason>, in the same transaction as the records: no letter goes twice, however often "
            + "this runs or is interrupted. A letter that fails again comes back as a new one.\n\n"
            + "Letters with the reason skipped, which the setting ingest.skip has made, go back only with --reason skipped: "
            + "a record that is sent back stands at a new offset, which ingest.skip does not name, so that it is read, and "
            + "may end the program again.",
        options: Deployment.options + [
            reasonOption, .flag("dry-run", "Say what would be sent."),
            .option("limit", "N", "The most letters.", type: .int(1...Int.max)),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let admin = try deployment.reachedAdmin()
        let topic = try deployment.requireTopic(deployment.topics.deadLetters, admin)
        let stop = Latch()
        let run = Redrive(
            deployment: deployment, admin: admin, partitions: topic.partitions.count,
            reasons: try reasons(arguments),
            limit: arguments.int("limit") ?? Int.max, isDry: arguments.flag("dry-run"), stop: stop)
        return try Interrupts.stopping(stop, patience: .seconds(30)) { try run.run() }
    }

    /// All of the topic, or only the partitions that are named, from there.
    static func scan(_ deployment: Deployment, from offsets: [Int32: Int64] = [:]) throws -> TopicScan {
        let name = deployment.topics.deadLetters
        let topic = try deployment.requireTopic(name, deployment.reachedAdmin())
        for (partition, offset) in offsets { try deployment.requirePlace(topic, partition, offset: offset) }
        return try TopicScan(
            deployment, topic: name, partitions: topic.partitions.count, from: offsets,
            otherwise: offsets.isEmpty ? PartitionOffset.beginning : nil)
    }

    private static func newest(_ letters: [DeadLetter], _ limit: Int) -> [DeadLetter] {
        Array(
            letters.sorted { ($0.timestamp, $0.partition, $0.offset) < ($1.timestamp, $1.partition, $1.offset) }
                .suffix(limit))
    }

    private static func report(_ counts: [String: Int], _ letters: [DeadLetter]) {
        guard !counts.isEmpty else { return print("no dead letters") }
        let style = Style(for: .standardOutput)
        var reasons = TextTable([.init("letters", .right), .init("reason"), .init("meaning", widthMax: 80)])
        for (reason, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            reasons.append([HumanFormat.grouped(count), reason, RejectionCode(rawValue: reason)?.meaning ?? ""])
        }
        print(reasons.render(style: style))
        guard !letters.isEmpty else { return }
        var table = TextTable([
            .init("place"), .init("time"), .init("reason"), .init("from"), .init("key", widthMax: 16),
            .init("value", widthMax: 40),
        ])
        for letter in letters {
            table.append([letter.name, letter.time, letter.reason, letter.source, letter.keyText, letter.valueText])
        }
        print(table.render(style: style), terminator: "")
        print(
            "`freshet dlq show PLACE` shows one whole; `freshet dlq redrive --reason CODE` sends them back after a fix")
    }

    private static func description(_ letter: DeadLetter) -> [String] {
        let meaning = RejectionCode(rawValue: letter.reason)?.meaning ?? ""
        var lines = [
            "letter    \(letter.name)  \(letter.time)", "reason    \(letter.reason)  \(meaning)",
            "detail    \(letter.detail)",
            "from      \(letter.source)", "redriven  \(letter.redriven) times", "key       \(letter.keyText)",
        ]
        for header in letter.headers {
            lines.append(
                "header    \(header.name): \(header.value.map { $0.withUnsafeBytes { readable($0) } } ?? "(null)")")
        }
        return lines + ["value     \(letter.value.map { HumanFormat.bytes($0.count) } ?? "none")", letter.valueText]
    }

    private static func json(_ letter: DeadLetter) -> String {
        let q = jsonString
        func number(_ value: (any BinaryInteger)?) -> String { value.map { "\($0)" } ?? "null" }
        let headers = letter.headers.map { "{\"name\":\(q($0.name)),\(member("value", $0.value))}" }
        return "{\"partition\":\(letter.partition),\"offset\":\(letter.offset),"
            + "\"timestamp\":\(letter.timestamp >= 0 ? "\(letter.timestamp)" : "null"),\"reason\":\(q(letter.reason)),"
            + "\"detail\":\(q(letter.detail)),\"redriven\":\(letter.redriven),"
            + "\"source\":{\"topic\":\(letter.topic.map(q) ?? "null"),\"partition\":\(number(letter.sourcePartition)),"
            + "\"offset\":\(number(letter.sourceOffset))},\"headers\":[\(headers.joined(separator: ","))],"
            + "\(member("key", letter.key)),\(member("value", letter.value))}"
    }

    /// Bytes as a member of a JSON object: those that are no UTF-8 stand in `NAME_base64`.
    static func member(_ name: String, _ bytes: [UInt8]?) -> String {
        guard let bytes else { return "\"\(name)\":null" }
        if let text = String(validating: bytes, as: UTF8.self) { return "\"\(name)\":\(jsonString(text))" }
        return "\"\(name)_base64\":\"\(Data(bytes).base64EncodedString())\""
    }
}
