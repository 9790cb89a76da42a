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
            + "standard input.")
    static let ratings = ratings(default: "positive")

    static func ratings(default standard: String?, _ more: String = "") -> Option {
        .option(
            "ratings", "WHICH",
            "Of star ratings: those of 4 and more as purchases; with all, lower ones as views\(more).",
            type: .oneOf(["positive", "all"]), default: standard)
    }

    static let force = Option.flag("force", "Write over a file that is there; over a picture (.svg) without it too.")

    static func rule(_ arguments: ParsedArguments) -> RatingRule {
        arguments["ratings"] == "all" ? .standard : .positives
    }

    private static let convert = Command(
        "convert", "Write a data set in another layout.",
        discussion: "Lines of a user and its items number both from 0 in the order in which they come.",
        arguments: [file],
        options: [
            .option(
                "to", "LAYOUT", "One of " + EventLayout.allCases.map(\.rawValue).joined(separator: ", ") + ".",
                type: .oneOf(EventLayout.allCases.map(\.rawValue)), default: "jsonl"),
            .option("output", "FILE", "Where to.", default: "-"),
            force, ratings,
        ]
    ) { arguments in
        let path = arguments.required("file")
        let rule = rule(arguments)
        let output = arguments.required("output")
        try OutputFile.check(output, replaces: arguments.flag("force"))
        let layout = EventLayout(rawValue: arguments.required("to")) ?? .jsonl
        guard layout == .lines else {
            try rewrite(path, rule, output, layout)
            return 0
        }
        let stream = try EvaluateCommand.readStream(path, rule: rule)
        report([.erasure: stream.erasures], of: path)
        let file = try OutputFile(output)
        var writer = UserLinesWriter()
        try writer.write(stream, to: file)
        file.report("items of \(HumanFormat.counted(writer.users.count, "user"))")
        return 0
    }

    /// Writes each event in the file's order; what makes no event, and what the layout has no place for, is counted on
    /// standard error.
    private static func rewrite(
        _ path: String, _ rule: RatingRule, _ output: String, _ layout: EventLayout
    ) throws {
        let file = try EventFile(path, format: nil, rule: rule)
        // Made when there is something to write: a file that holds no events leaves none behind.
        var made: OutputFile?
        var count = 0
        var leftOut: [EventLayout.Misfit: Int] = [:]
        var ids = 0
        try file.forEach { event, _ in
            if let misfit = layout.misfit(event) {
                leftOut[misfit, default: 0] += 1
                return true
            }
            if made == nil {
                made = try OutputFile(output)
                try made?.write { $0.append(contentsOf: layout.header.utf8) }
            }
            try made?.write { layout.append(event, to: &$0) }
            count += 1
            if layout == .rees46, !event.eventID.isEmpty { ids += 1 }
            return true
        }
        file.rejected.report(of: path)
        report(leftOut, of: path)
        let ratings = rule.text(leftOut: file.ratingsLeftOut, hasOption: true)
        guard let made else {
            throw CommandFailure("\(path) holds no events" + (ratings.map { ": \($0)" } ?? ""), exitCode: 65)
        }
        if let ratings { LineOutput.standardError.write(line: "\(path): \(ratings)") }
        if ids > 0 {
            LineOutput.standardError.write(
                line:
                    "\(path): \(HumanFormat.counted(ids, "event id")) left out: this layout has no column for them (jsonl has)"
            )
        }
        try made.finish()
        made.report(HumanFormat.counted(count, "event"))
    }

    private static func report(_ leftOut: [EventLayout.Misfit: Int], of path: String) {
        for misfit in EventLayout.Misfit.allCases {
            guard let count = leftOut[misfit], count > 0 else { continue }
            LineOutput.standardError.write(
                line: "\(path): \(HumanFormat.counted(count, "event")) left out: \(misfit.rawValue)")
        }
    }
}
