internal import Evaluation
internal import Foundation
internal import ServiceKit

/// `freshet evaluate prequential`: recommend, score, then learn, event by event.
enum PrequentialCommand {
    static let command = Command(
        "prequential", "Play a stream: recommend, score, then learn, event by event.",
        discussion:
            "Uses the folds, the ranker and the trainer of `serve` with default settings. Differences are paired: "
            + "their intervals come from 1,000 resamples of the users. '--against retrain-every=0.1 --points 10' compares "
            + "with a batch job: generations trained from nothing at each tenth of the stream, beside the same folds.",
        arguments: [Argument("file", "events: JSON lines, REES46, Taobao, RetailRocket, MovieLens, another table")],
        options: [
            .option("set", "name=value", "change a setting (for experiments)", isRepeating: true),
            .option(
                "against", "settings",
                "compare with popularity alone ('popularity'), with lists that no generation helps ('untrained'), with "
                    + "'default', with other settings (name=value,…), or with the ranks in a file (--hits)"),
            .option("hits", "file", "write each scored event's rank there: event,rank, both from 0"),
            .option("chart", "file.svg", "draw the live series there"),
            .option("title", "text", "what the chart calls the stream; the file's name by default"),
            .option("points", "n", "parts of the stream in the series", type: .int(1...1000), default: "20"),
            .flag("json", "print one JSON object"),
        ],
        run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        for file in ["chart", "hits"] { try ResultFile.check(arguments[file]) }
        let stream = try EvaluateCommand.readStream(arguments.required("file"))
        var evaluation = PrequentialEvaluation()
        evaluation.points = arguments.int("points") ?? 20
        try ShopSetting.apply(arguments.pairs("set"), to: &evaluation)
        let result = play(evaluation, stream, "freshet")
        let other = try arguments["against"].map { try Self.other($0, stream, result, evaluation.points) }
        if let path = arguments["hits"] { try ResultFile.write(result.outcomesText, to: path) }
        let report = PrequentialReport(
            dataset: arguments["title"] ?? URL(fileURLWithPath: arguments.required("file")).lastPathComponent,
            events: stream.count,
            result: result, other: other)
        if let path = arguments["chart"] { try ResultFile.write(report.chart.svg(), to: path) }
        if arguments.flag("json") {
            print(report.json)
        } else {
            print(report.text(style: Style(for: .standardOutput)), terminator: "")
        }
        return 0
    }

    private static func play(
        _ evaluation: PrequentialEvaluation, _ stream: EventStream, _ title: String
    ) -> PrequentialResult {
        let bar = ProgressBar(title, total: stream.count, unit: "events")
        let result = evaluation.run(stream) { bar.update(completed: Int($0 * Double(stream.count))) }
        bar.update(completed: stream.count)
        bar.finish()
        return result
    }

    /// What `--against` names.
    private static func other(
        _ text: String, _ stream: EventStream, _ result: PrequentialResult, _ points: Int
    ) throws -> PrequentialReport.Other {
        var run: PrequentialResult?
        let difference: PrequentialResult.Difference?
        if FileManager.default.fileExists(atPath: text) {
            let bytes = try EvaluateCommand.contents(text)
            let ranks: [Int: Int?]
            do {
                ranks = try result.outcomes(reading: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw CommandFailure("'\(text)' has no ranks that can be read: \(error)", exitCode: 65)
            }
            difference = result.difference(to: ranks)
        } else {
            var evaluation = PrequentialEvaluation()
            evaluation.points = points
            try apply(text, to: &evaluation)
            run = play(evaluation, stream, text)
            difference = run.flatMap { result.difference(to: $0) }
        }
        guard let difference else {
            throw CommandFailure(
                "'\(text)' has not the same events scored", remedy: "compare runs on the same file", exitCode: 65)
        }
        return PrequentialReport.Other(title: text, run: run, difference: difference)
    }

    /// A name of `--against`, or settings.
    private static func apply(_ text: String, to evaluation: inout PrequentialEvaluation) throws {
        switch text {
        case "default": break
        case "untrained": evaluation.trains = false
        case "popularity":
            evaluation.trains = false
            evaluation.shop = try ModelChoice.shop("popularity", [])
        default:
            guard text.contains("=") else {
                throw UsageError(
                    "--against takes popularity, untrained, default, name=value,…, or a file that is there, not "
                        + "'\(text)'")
            }
            try ShopSetting.apply(ModelChoice.pairs(text, of: "--against"), to: &evaluation)
        }
    }
}
