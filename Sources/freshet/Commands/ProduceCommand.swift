import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet produce`
enum ProduceCommand {
    static let command = Command(
        "produce", "Send the events of a data file to the events topic, or a catalogue to its topic.",
        discussion:
            "Reads REES46, Taobao, RetailRocket and MovieLens files, other tables whose header names an event's "
            + "fields, and JSON lines; packed with gzip or not. Every record is keyed by its user and goes to the partition "
            + "that Java's clients choose (murmur2). Lines that make no event are counted and left out.\n\n"
            + "With --catalogue the file holds the shop's items, one JSON object a line with at least a product_id "
            + "(Config/schemas/catalogue-item.schema.json); each is its item's whole entry, keyed by the item.",
        arguments: [Argument("file", "The file; - for standard input.")],
        options: Deployment.options + [
            .option(
                "format", "NAME", "The file's format, when looking at it does not tell.",
                type: .oneOf(DataFormat.allCases.map(\.rawValue))),
            .flag("catalogue", "Send items, to the configuration's topics.items."),
            .option("topic", "NAME", "Another topic than the configuration's."),
            .option("rate", "N", "Records a second (also written 500/s); as fast as possible without it."),
            .option("speed", "X", "At this multiple of event time: 1 as it happened, 60 a minute in a second."),
            .option("limit", "N", "Stop after so many records.", type: .int(1...Int.max)),
        ]
    ) { arguments in
        let pace = Pace(try kind(rate: arguments["rate"], speed: arguments["speed"]))
        let deployment = try Deployment(arguments)
        guard !arguments.flag("catalogue") else { return try sendCatalogue(deployment, arguments, pace) }
        let file = try EventFile(
            arguments.required("file"), format: arguments["format"].flatMap(DataFormat.init(rawValue:)),
            typeNames: try deployment.workerSettings().typeNames)
        let topic = arguments["topic"] ?? deployment.inputTopic
        return try sending(deployment, file.format.rawValue, to: topic, noun: "event") { sender, stop in
            var run = PacedRun(pace, sender, noun: "event", limit: arguments.int("limit"), stop)
            try file.forEach { event, record in
                try run.send(at: event.time, of: file.expected) { try sender.send(event, record) }
            }
            try run.finish()
            return report(file, sender)
        }
    }

    private static func sendCatalogue(
        _ deployment: Deployment, _ arguments: ParsedArguments, _ pace: Pace
    ) throws -> Int32 {
        guard !arguments.isGiven("speed"), !arguments.isGiven("format") else {
            throw UsageError("--catalogue takes JSON lines without times: leave out --speed and --format")
        }
        let typeNames = try deployment.workerSettings().typeNames
        let file = try CatalogueFile(arguments.required("file"), typeNames: typeNames)
        let topic = arguments["topic"] ?? deployment.topics.catalogue
        return try sending(deployment, "catalogue", to: topic, noun: "item") { sender, stop in
            var run = PacedRun(pace, sender, noun: "item", limit: arguments.int("limit"), stop)
            try file.forEach { id, value in
                var id = id
                return try run.send(at: 0, of: file.expected) {
                    try id.withUTF8 { try sender.send(key: UnsafeRawBufferPointer($0), value: value) }
                }
            }
            try run.finish()
            file.rejected.report(of: file.name, noun: "item")
            return status(sender)
        }
    }

    /// Sends records to a topic that is there, until the end or an interruption, and says what came of it.
    private static func sending(
        _ deployment: Deployment, _ what: String, to topic: String, noun: String,
        _ body: (EventSender, Latch) throws -> Int32
    ) throws -> Int32 {
        let notes = LineOutput.standardError
        let partitions = try deployment.requireTopic(topic, deployment.reachedAdmin()).partitions.count
        let size = HumanFormat.counted(partitions, "partition")
        notes.write(line: "\(what) → \(topic) (\(size)) at \(deployment.bootstrap)")
        let sender = try EventSender(deployment.client, topic: topic)
        let stop = Latch()
        let status: Int32
        do {
            status = try Interrupts.stopping(stop, patience: .seconds(5)) { try body(sender, stop) }
        } catch {
            // Who tries again has to know what is there already.
            sender.drain(timeoutSeconds: 5)
            if sender.acknowledged > 0 {
                let count = HumanFormat.counted(sender.acknowledged, noun)
                let which = sender.hasLost ? "not always the first ones" : "the first ones"
                notes.write(line: "before that, \(count) came into \(topic), \(which) of the file")
            }
            throw error
        }
        guard stop.isSet else { return status }
        notes.write(
            line: "interrupted: \(HumanFormat.counted(sender.sent, noun)) \(sender.sent == 1 ? "was" : "were") sent")
        return Interrupts.exitCode
    }

    private static func report(_ file: EventFile, _ sender: EventSender) -> Int32 {
        file.rejected.report(of: file.name)
        file.reportUntyped()
        return status(sender)
    }

    private static func status(_ sender: EventSender) -> Int32 {
        guard sender.sent > 0 else {
            LineOutput.standardError.write(line: "nothing was sent")
            return 65
        }
        return 0
    }

    private static func kind(rate: String?, speed: String?) throws -> Pace.Kind {
        if rate != nil, speed != nil { throw UsageError("--rate and --speed exclude each other") }
        if let rate {
            let number = rate.hasSuffix("/s") ? String(rate.dropLast(2)) : rate
            guard let value = Double(number), value > 0, value.isFinite else {
                throw UsageError("--rate takes events a second, such as 500 or 500/s, not '\(rate)'")
            }
            return .rate(value)
        }
        if let speed {
            let number = speed.hasSuffix("x") ? String(speed.dropLast()) : speed
            guard let value = Double(number), value > 0, value.isFinite else {
                throw UsageError("--speed takes a multiple of event time, such as 60, not '\(speed)'")
            }
            return .speed(value)
        }
        return .unlimited
    }
}

/// Records that go at a pace, with a progress bar.
private struct PacedRun {
    private var pace: Pace
    private let sender: EventSender
    private let limit: Int
    private let stop: Latch
    private let bar: ProgressBar
    private let began = monotonicNanoseconds()

    init(_ pace: Pace, _ sender: EventSender, noun: String, limit: Int?, _ stop: Latch) {
        self.pace = pace
        self.sender = sender
        self.limit = limit ?? .max
        self.stop = stop
        bar = ProgressBar("produce", total: nil, unit: noun + "s")
    }

    private var seconds: Double { Double(monotonicNanoseconds() - began) * 1e-9 }

    /// Sends the next record when its turn has come.
    /// - Parameters:
    ///   - time: the record's own, in ms.
    ///   - expected: how many the file has, as far as that is known.
    /// - Returns: whether there may be another one.
    mutating func send(at time: Int64, of expected: @autoclosure () -> Int?, _ body: () throws -> Void) throws -> Bool {
        let due = pace.due(time: time)
        while due > 0, !stop.isSet, case let left = due - seconds, left > 0 {
            show(expected())
            try sender.serve()
            Thread.sleep(forTimeInterval: min(left, 0.1))
        }
        guard !stop.isSet else { return false }
        try body()
        if sender.sent & 1023 == 0 { show(expected()) }
        return sender.sent < limit
    }

    private func show(_ expected: Int?) {
        bar.update(completed: sender.sent, total: expected.map { min($0, limit) } ?? (limit == .max ? nil : limit))
    }

    func finish() throws {
        try sender.finish()
        bar.update(completed: sender.sent)
        bar.finish()
    }
}
