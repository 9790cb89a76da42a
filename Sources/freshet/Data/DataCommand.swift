internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet data`: look at data sets, part them, write them anew, make one.
enum DataCommand {
    static let command = Command(
        "data", "Look at data sets, part them, write them anew, make one.",
        subcommands: [DataStatistics.command, DataSplit.command, convert, DataSimulation.command])

    static let file = Argument(
        "file",
        "REES46, Taobao, RetailRocket, MovieLens, JSON lines, another table, or lines of a user and its items; - for "
            + "standard input")
    static let ratings = Option.option(
        "ratings", "which", "of star ratings: those of 4 and more as purchases; with all, lower ones as views",
        type: .oneOf(["positive", "all"]), default: "positive")

    static let force = Option.flag("force", "write over a file that is there")

    static func rule(_ arguments: ParsedArguments) -> RatingRule {
        arguments["ratings"] == "all" ? .standard : .positives
    }

    private static let convert = Command(
        "convert", "Write a data set in another layout.",
        discussion: "Lines of a user and its items number both from 0 in the order in which they come.",
        arguments: [file],
        options: [
            .option(
                "to", "layout", EventLayout.allCases.map(\.rawValue).joined(separator: ", "),
                type: .oneOf(EventLayout.allCases.map(\.rawValue)), default: "jsonl"),
            .option("output", "file", "where to", default: "-"),
            force, ratings,
        ]
    ) { arguments in
        let path = arguments.required("file")
        let rule = rule(arguments)
        let output = arguments.required("output")
        if !arguments.flag("force") { try OutputFile.refusePresent(output) }
        switch EventLayout(rawValue: arguments.required("to")) {
        case .lines:
            let stream = try EvaluateCommand.readStream(path, rule: rule)
            let file = try OutputFile(output)
            var writer = UserLinesWriter()
            try writer.write(stream, to: file)
            file.report("items of \(HumanFormat.counted(writer.users.count, "user"))")
        case .rees46:
            try rewrite(path, rule, output, header: EventLayout.header) { EventLayout.appendRow($0, to: &$1) }
        case .jsonl, nil:
            try rewrite(path, rule, output) {
                EventEncoder.append($0, to: &$1)
                $1.append(UInt8(ascii: "\n"))
            }
        }
        return 0
    }

    /// Writes each event in the file's order; what makes no event is counted on standard error.
    private static func rewrite(
        _ path: String, _ rule: RatingRule, _ output: String, header: String = "",
        append: (ShopEvent, inout [UInt8]) -> Void
    ) throws {
        let file = try EventFile(path, format: nil, rule: rule)
        // Made when there is something to write: a file that holds no events leaves none behind.
        var made: OutputFile?
        var count = 0
        try file.forEach { event, _ in
            guard event.type.touchesItem else { return true }
            if made == nil {
                made = try OutputFile(output)
                try made?.write { $0.append(contentsOf: header.utf8) }
            }
            try made?.write { append(event, &$0) }
            count += 1
            return true
        }
        file.rejected.report(of: path)
        guard let made else { throw CommandFailure("\(path) holds no events", exitCode: 65) }
        try made.finish()
        made.report(HumanFormat.counted(count, "event"))
    }
}
