import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet produce`
enum ProduceCommand {
    static let command = Command(
        "produce", "Send the events of a data file to the events topic.",
        discussion:
            "Reads REES46, Taobao, RetailRocket and MovieLens files, other tables whose header names an event's "
            + "fields, and JSON lines; packed with gzip or not. Every record is keyed by its user and goes to the partition "
            + "that Java's clients choose (murmur2). Lines that make no event are counted and left out.",
        arguments: [Argument("file", "The file; - for standard input.")],
        options: Deployment.options + [
            .option(
                "format", "NAME", "The file's format, when looking at it does not tell.",
                type: .oneOf(DataFormat.allCases.map(\.rawValue))),
            .option("topic", "NAME", "Another topic than the configuration's topics.events."),
            .option("rate", "N", "Events a second (also written 500/s); as fast as possible without it."),
            .option("speed", "X", "At this multiple of event time: 1 as it happened, 60 a minute in a second."),
            .option("limit", "N", "Stop after so many events.", type: .int(1...Int.max)),
        ]
    ) { arguments in
        let pace = Pace(try kind(rate: arguments["rate"], speed: arguments["speed"]))
        let deployment = try Deployment(arguments)
        let file = try EventFile(
            arguments.required("file"), format: arguments["format"].flatMap(DataFormat.init(rawValue:)),
            typeNames: try deployment.workerSettings().typeNames)
        let topic = arguments["topic"] ?? deployment.inputTopic
        let partitions = try deployment.requireTopic(topic, deployment.reachedAdmin()).partitions.count
        LineOutput.standardError.write(
            line:
                "\(file.format.rawValue) → \(topic) (\(HumanFormat.counted(partitions, "partition"))) at \(deployment.bootstrap)"
        )
        let sender = try EventSender(deployment.client, topic: topic)
        let stop = StopRequest()
        do {
            try Interrupts.stopping(stop, patience: .seconds(5)) {
                try send(file, sender, pace, limit: arguments.int("limit") ?? Int.max, stop)
            }
        } catch {
            // Who tries again has to know what is there already.
            sender.drain(timeoutSeconds: 5)
            let count = HumanFormat.counted(sender.acknowledged, "event")
            let which = sender.hasLost ? "not always the first ones" : "the first ones"
            LineOutput.standardError.write(line: "before that, \(count) came into \(topic), \(which) of the file")
            throw error
        }
        let status = report(file, sender)
        guard stop.isRequested else { return status }
        LineOutput.standardError.write(line: "interrupted: \(HumanFormat.grouped(sender.sent)) events were sent")
        return 130
    }

    private static func send(_ file: EventFile, _ sender: EventSender, _ pace: Pace, limit: Int, _ stop: StopRequest)
        throws
    {
        var pace = pace
        let bar = ProgressBar("produce", total: nil, unit: "events")
        let began = DispatchTime.now().uptimeNanoseconds
        var now = 0.0
        try file.forEach { event, record in
            guard !stop.isRequested else { return false }
            let due = pace.due(time: event.time)
            if due > now {
                now = Double(DispatchTime.now().uptimeNanoseconds - began) * 1e-9
                while due > now, !stop.isRequested {
                    bar.update(completed: sender.sent, total: total(file, limit))
                    try sender.serve()
                    Thread.sleep(forTimeInterval: min(due - now, 0.1))
                    now = Double(DispatchTime.now().uptimeNanoseconds - began) * 1e-9
                }
            }
            try sender.send(event, record)
            if sender.sent & 1023 == 0 { bar.update(completed: sender.sent, total: total(file, limit)) }
            return sender.sent < limit
        }
        try sender.finish()
        bar.update(completed: sender.sent)
        bar.finish()
    }

    private static func total(_ file: EventFile, _ limit: Int) -> Int? {
        file.expected.map { min($0, limit) } ?? (limit == Int.max ? nil : limit)
    }

    private static func report(_ file: EventFile, _ sender: EventSender) -> Int32 {
        file.rejected.report(of: file.name)
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
