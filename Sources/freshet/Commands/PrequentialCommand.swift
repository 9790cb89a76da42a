internal import Evaluation
internal import Foundation
internal import Models
internal import ServiceKit

/// `freshet evaluate prequential`: recommend, score, then learn, event by event.
enum PrequentialCommand {
    static let command = Command(
        "prequential", "Play a stream: recommend, score, then learn, event by event.",
        discussion:
            "Uses the folds, the ranker and the trainer of `serve` with default settings. Differences are paired: "
            + "their intervals come from 1,000 resamples of the users. '--against retrain-every=0.1 --points 10' compares "
            + "with a batch job: generations trained from nothing at each tenth of the stream, beside the same folds.",
        arguments: [Argument("file", "Events: JSON lines, REES46, Taobao, RetailRocket, MovieLens, another table.")],
        options: [
            .option(
                "model", "NAME",
                "What generations are made of: blend, or a model of `freshet evaluate offline`, with its own settings "
                    + "behind a colon (`freshet models algorithms NAME` shows them).", default: "blend"),
            .option(
                "set", "NAME=VALUE", "Change a setting of the model, or of the lists around it (for experiments).",
                isRepeating: true),
            .option(
                "against", "WHAT",
                "Compare with another model, with popularity alone ('popularity'), with lists that no generation helps "
                    + "('untrained'), with 'default', with other settings (name=value,…), or with the ranks in a file "
                    + "(--hits)."),
            .option("hits", "FILE", "Write each scored event's rank there: event,rank, both from 0."),
            .option("chart", "FILE.svg", "Draw the live series there."),
            .option("title", "TEXT", "What the chart calls the stream; the file's name by default."),
            .option("points", "N", "Parts of the stream in the series.", type: .int(1...1000), default: "20"),
            .flag("groups", "Show events of users with few, some and many items before them apart."),
            DataCommand.ratings, DataCommand.force, .flag("json", "Print one JSON object."),
        ],
        run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let models = arguments.all("model")
        guard models.count == 1 else {
            throw UsageError("--model names one model; --against '\(models[1])' compares it with another")
        }
        for file in ["chart", "hits"] { try OutputFile.check(arguments[file], replaces: arguments.flag("force")) }
        var evaluation = try ModelChoice.prequential(
            models[0], settings: arguments.pairs("set"))
        evaluation.points = arguments.int("points") ?? 20
        let against = try arguments["against"].map { try Other($0, points: evaluation.points) }
        let file = arguments.required("file")
        let stream = try EvaluateCommand.readStream(file, rule: DataCommand.rule(arguments))
        EvaluateCommand.warnOfOrder(stream, file)
        let result = try play(evaluation, stream, models[0])
        guard result.count > 0 else {
            throw CommandFailure(
                "nothing is scored of \(HumanFormat.counted(stream.count, "event"))",
                remedy: "events count from the second fifth on, of users with an earlier one, and of items new to them",
                exitCode: 65)
        }
        let other = try against.map { try $0.compare(with: result, stream) }
        if let path = arguments["hits"] { try OutputFile.write(result.outcomesText, to: path) }
        let report = PrequentialReport(
            dataset: arguments["title"] ?? URL(fileURLWithPath: file).lastPathComponent, model: models[0],
            events: stream.count,
            result: result, other: other, hasGroups: arguments.flag("groups"))
        if let path = arguments["chart"] { try OutputFile.write(report.chart.svg(), to: path) }
        if arguments.flag("json") {
            print(report.json)
        } else {
            print(report.text(style: Style(for: .standardOutput)), terminator: "")
        }
        return 0
    }

    private static func play(
        _ evaluation: PrequentialEvaluation, _ stream: EventStream, _ title: String
    ) throws -> PrequentialResult {
        let bar = ProgressBar(title, total: stream.count, unit: "events")
        let result = evaluation.run(stream) { bar.update(completed: Int($0 * Double(stream.count))) }
        bar.update(completed: stream.count)
        bar.finish()
        if let refusal = result.refusal {
            guard !result.generations.isEmpty else { throw CommandFailure(refusal, exitCode: 65) }
            let last = result.generations.last?.events ?? 0
            LineOutput.standardError.write(line: "trained until event \(last) only: \(refusal)")
        }
        return result
    }

    /// What `--against` names.
    private enum Other {
        case ranks(path: String)
        case run(PrequentialEvaluation, title: String)

        /// - Throws: `UsageError` for what names nothing.
        init(_ text: String, points: Int) throws {
            var evaluation = PrequentialEvaluation()
            switch text {
            case "default": break
            case "untrained": evaluation.trains = false
            default:
                // A model's own settings stand behind a colon.
                if text.prefix(while: { $0 != ":" }).contains("=") {
                    try ShopSetting.apply(ModelChoice.pairs(text, of: "--against"), to: &evaluation)
                } else if ModelChoice.isName(text) {
                    evaluation = try ModelChoice.prequential(text)
                } else {
                    var isFolder: ObjCBool = false
                    guard FileManager.default.fileExists(atPath: text, isDirectory: &isFolder), !isFolder.boolValue
                    else {
                        throw UsageError(
                            "--against takes a model (\(ModelChoice.names)), untrained, default, name=value,…, or a file "
                                + "that is there, not '\(text)'")
                    }
                    self = .ranks(path: text)
                    return
                }
            }
            evaluation.points = points
            self = .run(evaluation, title: text)
        }

        func compare(with result: PrequentialResult, _ stream: EventStream) throws -> PrequentialReport.Other {
            var run: PrequentialResult?
            let title: String
            let difference: PrequentialResult.Difference?
            switch self {
            case .ranks(let path):
                title = path
                let bytes = try EvaluateCommand.contents(path)
                do {
                    difference = result.difference(
                        to: try result.outcomes(reading: String(decoding: bytes, as: UTF8.self)))
                } catch {
                    throw CommandFailure("'\(path)' has no ranks that can be read: \(error)", exitCode: 65)
                }
            case .run(let evaluation, let name):
                title = name
                let other = try play(evaluation, stream, name)
                difference = result.difference(to: other)
                run = other
            }
            guard let difference else {
                throw CommandFailure(
                    "'\(title)' has not the same events scored", remedy: "compare runs on the same file", exitCode: 65)
            }
            return PrequentialReport.Other(title: title, run: run, difference: difference)
        }
    }
}
