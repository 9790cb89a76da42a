internal import Dispatch
internal import Evaluation
internal import Events
internal import Foundation
internal import Models
internal import ServiceKit

/// `freshet tune`: searches for an algorithm's settings.
enum TuneCommand {
    static let command = Command(
        "tune", "Search for the settings of an algorithm.",
        discussion:
            "What --split would ask for is laid aside. Trials learn and are asked by the same split of the rest; the best "
            + "settings are then measured once on what was laid aside. The same seed gives the same trials, whatever "
            + "--jobs, also when the search is interrupted and goes on from its --store; only objectives of time and "
            + "--trial-time make runs differ, and what follows from them. What stops early: halving's small trials; and, by "
            + "the other methods with --split k-fold and one objective that is not seconds, a trial that after some folds "
            + "is below the median of at least eight trials of earlier batches after as many.",
        arguments: [DataCommand.file],
        options: [
            .option(
                "model", "NAME", "One of " + RecommenderCatalogue.all.map { $0.name }.joined(separator: ", ") + ".",
                default: "als"),
            .option("trials", "N", "Settings to try.", type: .int(1...100_000), default: "40"),
            .option(
                "method", "NAME",
                "random; tpe, the Parzen estimator; halving: many with little effort, the best with more.",
                type: .oneOf(Search.Method.allCases.map(\.rawValue)), default: "tpe"),
            .option(
                "objective", "NAMES", "One or more of \(Objective.names.joined(separator: ", ")), with commas.",
                default: "ndcg"),
            .option(
                "set", "NAME=VALUE",
                "A setting that all trials have (`freshet models algorithms NAME` shows them); can be repeated.",
                isRepeating: true),
            .option(
                "search", "NAME=RANGE",
                "Search only what is named so: name, name=low..high or name=one|other; by default all that is not set and no limit.",
                isRepeating: true),
            .option("seed", "N", "Other trials.", type: .int(0...Int.max), default: "1"),
            .option("store", "FILE.sqlite", "Keep the trials there, and go on from those that it has."),
            .option("jobs", "N", "Trials at once.", type: .int(1...256), default: "1"),
            .option(
                "trial-time", "DURATION", "Stop trials that take longer; which these are depends on the machine.",
                type: .duration),
            .option("length", "N", "Items in a list.", type: .int(1...1000), default: "20"),
            .option("top", "N", "Rows of the leaderboard.", type: .int(1...10_000), default: "10"),
            .option(
                "chart", "FILE.svg",
                "Draw the trials there, with several objectives by the first two, with the Pareto front."),
            .option(
                "best", "FILE",
                "Write the best settings there, as --model takes them; FILE.yaml: as a configuration that `serve` trains by."
            ),
            DataCommand.force, .flag("json", "Print one JSON object."),
        ] + SplitOptions.options(default: "last-out"),
        run: run)

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        let name = arguments.required("model")
        guard let type = RecommenderCatalogue.find(name) else {
            let names = RecommenderCatalogue.all.map { $0.name }
            throw UsageError.unknown("model to tune", name, among: names, shownBy: "models algorithms")
        }
        for file in ["chart", "best"] { try OutputFile.check(arguments[file], replaces: arguments.flag("force")) }
        // A search goes on from what its store has.
        try OutputFile.check(arguments["store"], replaces: true)
        let search = try search(type, arguments)
        let rule = try SplitOptions.rule(arguments)
        let whole = rule.splits(of: try SplitOptions.stream(arguments.required("file"), arguments))[0]
        SplitOptions.reportStrangers(CollectionOfOne(whole))
        let stop = Latch()
        let jobs = arguments.int("jobs") ?? 1
        let evaluation = TrialEvaluation(
            type: type, fixed: try arguments.pairs("set"), splits: rule.splits(of: whole.train),
            objectives: search.order.objectives, threads: max(1, ProcessInfo.processInfo.activeProcessorCount / jobs),
            length: arguments.int("length") ?? 20, secondsMax: arguments.duration("trial-time")?.inSeconds, stop: stop)
        guard evaluation.splits.contains(where: { $0.askedCount > 0 }) else {
            throw CommandFailure("nothing is left to ask trials for", remedy: "take another --split", exitCode: 65)
        }
        if let refusal = try evaluation.refusal() { throw CommandFailure(refusal, exitCode: 65) }
        let store = try TrialStore(
            arguments["store"] ?? ":memory:", description: description(search, arguments, evaluation))
        let trials = try Interrupts.stopping(stop) {
            let earlier = try store.trials().count
            let bar = ProgressBar(
                "tune \(name)", total: max(search.total, earlier), unit: "trials", earlier: earlier)
            let run = TuneRun(search: search, store: store, jobs: jobs, stop: stop, evaluate: evaluation.run)
            let trials = try run.run { bar.update(completed: $0) }
            bar.update(completed: trials.count)
            bar.finish()
            return trials
        }
        var report = TuneReport(
            model: name, search: search, trials: trials, fixed: evaluation.fixed, length: evaluation.length)
        if let best = report.best, !stop.isSet {
            var final = OfflineEvaluation()
            final.model = .recommender(try evaluation.recommender(best.plan))
            final.length = evaluation.length
            // An algorithm that takes the trials' data may still refuse the larger one.
            if final.refusal([whole]) == nil {
                let bar = ProgressBar("the best \(name), on what no trial saw")
                bar.update(share: 0)
                report.test = final.run(whole, progress: { bar.update(share: $0) })
                bar.finish()
            }
        }
        if report.best == nil {
            report.refusal =
                try trials.first.flatMap { try evaluation.refusal($0.plan) }
                ?? (trials.contains { $0.ending == .diverged } ? "\(name) diverged: lower learning-rate" : nil)
                ?? arguments["trial-time"].map { "all took longer than --trial-time \($0)" }
        }
        try write(report, arguments)
        return stop.isSet ? Interrupts.exitCode : report.best == nil ? 1 : 0
    }

    private static func search(_ type: any Recommender.Type, _ arguments: ParsedArguments) throws -> Search {
        let fixed = Set(try arguments.pairs("set").map(\.name))
        let method = Search.Method(rawValue: arguments.required("method")) ?? .tpe
        let texts = arguments.all("search")
        let objectives = try arguments.required("objective").split(separator: ",").map { word in
            guard let objective = Objective(String(word)) else {
                throw UsageError("'\(word)' is no objective; there are \(Objective.names.joined(separator: ", "))")
            }
            return objective
        }
        guard !objectives.isEmpty else { throw UsageError("--objective names nothing") }
        guard Set(objectives.map(\.name)).count == objectives.count else {
            throw UsageError("--objective names one of them twice")
        }
        // Halving gives out passes over the data itself.
        let effort = method == .halving ? type.effortNames : []
        let space: SearchSpace
        do {
            space =
                texts.isEmpty
                ? SearchSpace(type, without: fixed.union(effort))
                : try SearchSpace(type, texts: texts)
        } catch {
            throw UsageError(error.description)
        }
        if let twice = space.dimensions.first(where: { fixed.union(effort).contains($0.name) }) {
            throw UsageError("'\(twice.name)' cannot be searched: --set or the method gives it")
        }
        guard !space.dimensions.isEmpty else { throw UsageError("there is nothing to search") }
        return Search(
            space: space, method: method, trials: arguments.int("trials") ?? 40, objectives: objectives,
            seed: UInt64(arguments.int("seed") ?? 1))
    }

    /// What must be the same for a search to go on.
    private static func description(
        _ search: Search, _ arguments: ParsedArguments, _ evaluation: TrialEvaluation
    ) throws -> [String: String] {
        var description = [
            "model": arguments.required("model"), "method": search.method.rawValue, "seed": "\(search.seed)",
            "objectives": search.order.objectives.map(\.name).joined(separator: ","),
            "space": search.space.dimensions.map { "\($0.name)=\($0.domain)" }.joined(separator: ","),
            "set": evaluation.fixed.map { "\($0.name)=\($0.value)" }.joined(separator: ","),
            "split": arguments.required("split"), "length": "\(evaluation.length)",
            "trial-time": arguments["trial-time"] ?? "",
            "data": String(evaluation.splits.reduce(0) { Hash64.hash($1.hash, seed: $0) }, radix: 16),
        ]
        // More trials lengthen the other methods' searches; halving's first rung would be another.
        if search.method == .halving { description["trials"] = "\(search.trials)" }
        return description
    }

    private static func write(_ report: TuneReport, _ arguments: ParsedArguments) throws {
        if let path = arguments["chart"] { try OutputFile.write(report.chart.svg(), to: path) }
        if let path = arguments["best"], let best = report.best {
            let choice = report.choice(best)
            let isConfiguration = path.hasSuffix(".yaml") || path.hasSuffix(".yml")
            try OutputFile.write(
                isConfiguration ? "training:\n  model: \"\(choice)\"\n" : choice + "\n", to: path)
        }
        if arguments.flag("json") {
            print(report.json)
        } else {
            let rows = arguments.int("top") ?? 10
            print(report.text(rows: rows, style: Style(for: .standardOutput)), terminator: "")
        }
    }
}
