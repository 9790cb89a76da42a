internal import Evaluation
internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet evaluate offline`: train once, compare with what was left out.
enum OfflineCommand {
    static let command = Command(
        "offline", "Train models once, rank all items, compare with what was left out.",
        discussion: "Either --train and --test (events, or lines of a user and its items, as in LightGCN's data sets), "
            + "or --data with events and --split. Several --model stand side by side, each compared with the first by a paired "
            + "bootstrap over users.",
        options: [
            .option(
                "model", "name",
                "one or more of \(ModelChoice.names); its own settings may follow: als:factors=128,sweeps=10",
                default: "blend", isRepeating: true),
            .option("train", "file", "what is learnt"),
            .option("test", "file", "what is asked"),
            .option("data", "file", "events: JSON lines, REES46, Taobao, RetailRocket, MovieLens, another table"),
        ] + SplitOptions.options(default: "last-out") + [
            .option("set", "name=value", "a setting of every model", isRepeating: true),
            .option("length", "n", "items in a list (default: 20, with --protocol ncf 10)", type: .int(1...1000)),
            .option(
                "protocol", "name",
                "all: all items compete; ncf: 99 drawn ones, as He et al. 2017 have it (its figures are much higher)",
                type: .oneOf(["all", "ncf"]), default: "all"),
            .flag("auc", "measure the AUC too, for which every item is scored for every user"),
            .flag("groups", "show users with few, some and many items apart"),
            .flag("json", "print one JSON object"),
        ],
        run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let isSampled = arguments["protocol"] == "ncf"
        let settings = try arguments.pairs("set")
        let choices = try arguments.all("model").map { try ModelChoice($0, settings: settings) }
        let splits = try splits(arguments, isSampled: isSampled)
        guard splits.contains(where: { $0.askedCount > 0 }) else {
            throw CommandFailure("nothing is left to ask for", remedy: "take another --split", exitCode: 65)
        }
        let rows = try choices.map { choice in
            var evaluation = choice.evaluation
            evaluation.length = arguments.int("length") ?? (isSampled ? 10 : 20)
            evaluation.measuresAUC = arguments.flag("auc")
            if isSampled { evaluation.ranking = .sampled(SampledNegatives()) }
            if let refusal = evaluation.refusal(splits) { throw CommandFailure(refusal, exitCode: 65) }
            let start = Date()
            let result = evaluation.run(splits)
            return OfflineReport.Row(title: choice.title, result: result, seconds: Date().timeIntervalSince(start))
        }
        let report = OfflineReport(
            rows: rows, hasGroups: arguments.flag("groups"),
            protocolName: isSampled ? "ncf: one wanted item among 99 that were drawn" : nil)
        if arguments.flag("json") {
            print(report.json)
        } else {
            print(report.text(style: Style(for: .standardOutput)), terminator: "")
        }
        return 0
    }

    private static func splits(_ arguments: ParsedArguments, isSampled: Bool) throws -> OfflineSplits {
        if arguments["train"] != nil || arguments["test"] != nil {
            guard arguments["data"] == nil else { throw UsageError("--data excludes --train and --test") }
            guard let train = arguments["train"], let test = arguments["test"] else {
                throw UsageError("--train and --test go together")
            }
            guard !arguments.isGiven("split") else {
                throw UsageError("--train and --test are the split: leave out --split")
            }
            guard !isSampled else { throw UsageError("--protocol ncf takes --data with --split last-out") }
            guard arguments.int("min-user") == nil, arguments.int("min-item") == nil else {
                throw UsageError("--train and --test are taken as they are, without --min-user and --min-item")
            }
            return OfflineSplits([
                .streams(train: try EvaluateCommand.readStream(train), test: try EvaluateCommand.readStream(test))
            ])
        }
        guard let data = arguments["data"] else { throw UsageError("give --data, or --train and --test") }
        let rule = try SplitOptions.rule(arguments)
        guard !isSampled || rule == .lastOut else { throw UsageError("--protocol ncf takes --split last-out") }
        return rule.splits(
            of: try SplitOptions.stream(data, arguments, ratings: SplitOptions.ratings(isSampled: isSampled)))
    }
}
