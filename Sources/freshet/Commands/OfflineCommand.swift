internal import Evaluation
internal import Foundation
internal import Models
internal import ServiceKit

/// `freshet evaluate offline`: train once, compare with what was left out.
enum OfflineCommand {
    static let command = Command(
        "offline", "Train a model once, rank all items, compare with what was left out.",
        discussion: "Either --train and --test (lines of a user and its items, as in LightGCN's data sets), or --data "
            + "with events and --split.",
        options: [
            .option("model", "name", modelNames, default: "blend"),
            .option("train", "file", "what is learnt"),
            .option("test", "file", "what is asked"),
            .option("data", "file", "events: JSON lines, REES46, Taobao or MovieLens u.data"),
            .option("split", "name", "last-out: each user's last event is asked", default: "last-out"),
            .option("set", "name=value", "a setting of the model", isRepeating: true),
            .flag("json", "print one JSON object"),
        ],
        run: run)

    /// The served list, one learner of it alone, or an algorithm of the catalogue.
    private static let modelNames =
        (["blend", "sequential", "neighbours", "factors", "popularity"] + RecommenderCatalogue.all.map { $0.name })
        .joined(separator: ", ")

    private static func run(_ arguments: ParsedArguments) throws -> Int32 {
        var evaluation = OfflineEvaluation()
        try choose(arguments.required("model"), arguments, &evaluation)
        let split = try split(arguments)
        let start = Date()
        let result: OfflineResult
        do {
            result = try evaluation.run(split)
        } catch {
            throw CommandFailure(error.description, exitCode: 65)
        }
        let figures = figures(result) + [("seconds", Date().timeIntervalSince(start))]
        if arguments.flag("json") {
            print(
                EvaluateCommand.json(
                    [("users", "\(result.metrics.count)")]
                        + figures.map { ($0.0, EvaluateCommand.number($0.1)) }))
        } else {
            print("users         \(result.metrics.count)")
            for (name, value) in figures {
                print(name.padding(toLength: 14, withPad: " ", startingAt: 0) + String(format: "%.4f", value))
            }
        }
        return 0
    }

    private static func figures(_ result: OfflineResult) -> [(String, Double)] {
        let metrics = result.metrics
        let n = metrics.length
        var figures = [
            ("hr@\(n)", metrics.hitRate), ("recall@\(n)", metrics.recall), ("precision@\(n)", metrics.precision),
            ("ndcg@\(n)", metrics.ndcg), ("map@\(n)", metrics.map), ("mrr@\(n)", metrics.mrr),
            ("coverage", result.statistics.coverage), ("novelty", result.statistics.novelty),
            ("gini", result.statistics.gini),
        ]
        if let diversity = result.statistics.diversity { figures.append(("diversity", diversity)) }
        return figures
    }

    private static func split(_ arguments: ParsedArguments) throws -> OfflineSplit {
        if let train = arguments["train"], let test = arguments["test"] {
            guard arguments["data"] == nil else { throw UsageError("--data excludes --train and --test") }
            let (trainBytes, testBytes) = (try EvaluateCommand.contents(train), try EvaluateCommand.contents(test))
            do {
                return try trainBytes.withUnsafeBytes { train in
                    try testBytes.withUnsafeBytes { try OfflineSplit.userLines(train: train, test: $0) }
                }
            } catch {
                throw CommandFailure("'\(train)' or '\(test)' cannot be read: \(error)", exitCode: 65)
            }
        }
        guard let data = arguments["data"] else { throw UsageError("give --data, or --train and --test") }
        guard arguments["split"] == "last-out" else { throw UsageError("--split can be last-out") }
        return .lastOut(try EvaluateCommand.readStream(data))
    }

    private static func choose(
        _ name: String, _ arguments: ParsedArguments, _ evaluation: inout OfflineEvaluation
    ) throws {
        let pairs = try arguments.pairs("set")
        if let type = RecommenderCatalogue.find(name) {
            evaluation.model = .recommender(try recommender(type, pairs))
            return
        }
        var weights = evaluation.shop.blend
        if name != "blend" {
            weights.sequential.weight = name == "sequential" ? 1 : 0
            weights.neighbours.weight = name == "neighbours" ? 1 : 0
            weights.factors.weight = name == "factors" ? 1 : 0
            weights.category.weight = 0
            weights.popularity.weight = name == "popularity" ? 1 : 0
            guard ["sequential", "neighbours", "factors", "popularity"].contains(name) else {
                throw UsageError("there is no model '\(name)'; there are \(modelNames)")
            }
        }
        var prequential = PrequentialEvaluation()
        prequential.shop.blend = weights
        for (name, value) in pairs {
            guard ShopSetting.set(name, value, in: &prequential) else {
                throw UsageError("there is no setting '\(name)' with the value '\(value)'")
            }
        }
        evaluation.shop = prequential.shop
    }

    private static func recommender<R: Recommender>(
        _: R.Type, _ settings: [(name: String, value: String)]
    ) throws -> any Recommender {
        var recommender = R()
        for (name, value) in settings {
            do {
                try recommender.set(name, to: value)
            } catch {
                throw UsageError(error.description)
            }
        }
        return recommender
    }
}
