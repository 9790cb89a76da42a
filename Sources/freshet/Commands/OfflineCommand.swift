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
        arguments: [Argument("file", "The same as --data.", isRequired: false)],
        options: [
            .option(
                "model", "NAME",
                "One or more of \(ModelChoice.names); its own settings may follow: als:factors=128,sweeps=10.",
                default: "blend", isRepeating: true),
            .option("train", "FILE", "What is learnt."),
            .option("test", "FILE", "What is asked."),
            .option("data", "FILE", "Events: JSON lines, REES46, Taobao, RetailRocket, MovieLens, another table."),
        ] + SplitOptions.options(default: "last-out", sampling: "--protocol ncf") + [
            .option(
                "set", "NAME=VALUE",
                "A setting of every model (`freshet models algorithms NAME` shows an algorithm's); can be repeated.",
                isRepeating: true),
            .option("length", "N", "Items in a list; 20 by default, with --protocol ncf 10.", type: .int(1...1000)),
            .option(
                "protocol", "NAME",
                "all: all items compete; ncf: 99 drawn ones, as He et al. 2017 have it (its figures are much higher).",
                type: .oneOf(["all", "ncf"]), default: "all"),
            .flag(
                "auc",
                "Measure the AUC too, for which an algorithm scores every item for every user; the served list has none."
            ),
            .flag("groups", "Show users with few, some and many items apart."),
            .flag(
                "json", "Print one JSON object: models with their figures; of one alone these are the object's too."),
        ],
        run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let isSampled = arguments["protocol"] == "ncf"
        let settings = try arguments.pairs("set")
        let choices = try arguments.all("model").map { try ModelChoice($0, settings: settings) }
        let splits = try splits(arguments, isSampled: isSampled)
        SplitOptions.reportStrangers(splits)
        guard splits.contains(where: { $0.askedCount > 0 }) else {
            let remedy =
                arguments["train"] == nil
                ? "take another --split"
                : "--test must have users whom --train knows, with items that they have not touched there"
            throw CommandFailure("nothing is left to ask for", remedy: remedy, exitCode: 65)
        }
        let rows = try choices.map { choice in
            var evaluation = choice.evaluation
            evaluation.length = arguments.int("length") ?? (isSampled ? 10 : 20)
            evaluation.measuresAUC = arguments.flag("auc")
            if isSampled { evaluation.ranking = .sampled(SampledNegatives()) }
            if let refusal = evaluation.refusal(splits) { throw CommandFailure(refusal, exitCode: 65) }
            let start = Date()
            let bar = ProgressBar(choice.title)
            bar.update(share: 0)
            let result = evaluation.run(splits) { bar.update(share: $0) }
            bar.finish()
            if let refusal = result.refusal { throw CommandFailure(refusal, exitCode: 65) }
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
        guard arguments["file"] == nil || arguments["data"] == nil else { throw UsageError("a file excludes --data") }
        let data = arguments["file"] ?? arguments["data"]
        if arguments["train"] != nil || arguments["test"] != nil {
            guard data == nil else { throw UsageError("a file, or --data, excludes --train and --test") }
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
            let streams = try [train, test].map {
                try EvaluateCommand.readStream($0, rule: SplitOptions.ratings(arguments, isSampled: false))
            }
            return OfflineSplits([.streams(train: streams[0], test: streams[1])])
        }
        guard let data else { throw UsageError("give a file, or --train and --test") }
        let rule = try SplitOptions.rule(arguments)
        guard !isSampled || rule == .lastOut else { throw UsageError("--protocol ncf takes --split last-out") }
        return rule.splits(of: try SplitOptions.stream(data, arguments, isSampled: isSampled))
    }
}
