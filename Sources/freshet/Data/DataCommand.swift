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
            ratings,
        ]
    ) { arguments in
        let path = arguments.required("file")
        let output = try OutputFile(arguments.required("output"))
        switch EventLayout(rawValue: arguments.required("to")) {
        case .lines:
            var writer = UserLinesWriter()
            try writer.write(EvaluateCommand.readStream(path, rule: rule(arguments)), to: output)
            return 0
        case .rees46:
            try output.write { $0.append(contentsOf: EventLayout.header.utf8) }
            return try rewrite(path, rule(arguments), output) { EventLayout.appendRow($0, to: &$1) }
        case .jsonl, nil:
            return try rewrite(path, rule(arguments), output) {
                EventEncoder.append($0, to: &$1)
                $1.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// Writes each event in the file's order; what makes no event is counted on standard error.
    private static func rewrite(
        _ path: String, _ rule: RatingRule, _ output: OutputFile, append: (ShopEvent, inout [UInt8]) -> Void
    ) throws -> Int32 {
        let file = try EventFile(path, format: nil, rule: rule)
        try file.forEach { event, _ in
            if event.type.touchesItem { try output.write { append(event, &$0) } }
            return true
        }
        try output.finish()
        if file.rejected > 0 {
            let errors = LineOutput.standardError
            errors.write(line: "lines that made no event: \(HumanFormat.grouped(file.rejected))")
            for example in file.examples { errors.write(line: "  " + example) }
        }
        return file.events > 0 ? 0 : 65
    }
}
