internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet data convert`: a data set in another layout.
enum DataConversion {
    static let command = Command(
        "convert", "Write a data set in another layout.",
        discussion: "Lines of a user and its items number both from 0 in the order in which they come; beside FILE.txt "
            + "the identifier of each number stands in FILE.users.txt and FILE.items.txt. Such lines have no times: read again "
            + "they are views at the time 0.",
        arguments: [DataCommand.file],
        options: [
            .option(
                "to", "LAYOUT", "One of " + EventLayout.allCases.map(\.rawValue).joined(separator: ", ") + ".",
                type: .oneOf(EventLayout.allCases.map(\.rawValue)), default: "jsonl"),
            .option("output", "FILE", "Where to.", default: "-"),
            DataCommand.force, DataCommand.ratings,
        ]
    ) { arguments in
        let path = arguments.required("file")
        let rule = DataCommand.rule(arguments)
        let output = arguments.required("output")
        let layout = EventLayout(rawValue: arguments.required("to")) ?? .jsonl
        let maps = layout == .lines ? maps(output) : []
        for file in [output] + maps.map(\.path) { try OutputFile.check(file, replaces: arguments.flag("force")) }
        let input = try InputFile(path)
        if layout == .lines {
            try number(EvaluateCommand.readStream(input, rule: rule), path, output, maps)
        } else if try input.peek().withUnsafeBytes({ EventStreamReader.isUserLines(prefix: $0) }) {
            try rewrite(EvaluateCommand.readStream(input, rule: rule), path, output, layout)
        } else {
            try rewrite(EventFile(input, format: nil, rule: rule), path, output, layout)
        }
        return 0
    }

    /// Where the identifiers of users and items go: beside a file under its name, and nowhere beside what is no file.
    private static func maps(_ output: String) -> [(path: String, isOfUsers: Bool)] {
        var status = stat()
        guard output != "-", stat(output, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { return [] }
        let url = URL(fileURLWithPath: output)
        let name = url.pathExtension.isEmpty ? output : String(output.dropLast(url.pathExtension.count + 1))
        return [("\(name).users.txt", true), ("\(name).items.txt", false)]
    }

    /// Writes lines of a user and its items.
    private static func number(
        _ stream: EventStream, _ path: String, _ output: String, _ maps: [(path: String, isOfUsers: Bool)]
    ) throws {
        report([.erasure: stream.erasures], of: path)
        if !maps.isEmpty { try UserLinesWriter.refuseLineBreaks(stream) }
        let file = try OutputFile(output)
        var writer = UserLinesWriter()
        try writer.write(stream, to: file)
        for (place, isOfUsers) in maps {
            try UserLinesWriter.write(isOfUsers ? writer.users : writer.items, to: OutputFile(place))
        }
        let names = maps.map { URL(fileURLWithPath: $0.path).lastPathComponent }.joined(separator: " and ")
        file.report(
            "items of \(HumanFormat.counted(writer.users.count, "user"))"
                + (names.isEmpty ? "" : " (whose identifiers are in \(names))"))
    }

    /// Writes the events of lines of a user and its items, which have no times.
    private static func rewrite(_ stream: EventStream, _ path: String, _ output: String, _ layout: EventLayout) throws {
        let name = path == "-" ? "standard input" : path
        LineOutput.standardError.write(line: "\(name) has no times: its events are views at the time 0")
        let made = try OutputFile(output)
        try made.write { $0.append(contentsOf: layout.header.utf8) }
        for index in 0..<stream.count { try made.write { layout.append(stream.event(index), to: &$0) } }
        try made.finish()
        made.report(HumanFormat.counted(stream.count, "event"))
    }

    /// Writes each event in the file's order; what makes no event, and what the layout has no place for, is counted on
    /// standard error.
    private static func rewrite(_ file: EventFile, _ path: String, _ output: String, _ layout: EventLayout) throws {
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
        file.reportUntyped()
        let ratings = file.rule.text(leftOut: file.ratingsLeftOut, hasOption: true)
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
