internal import Evaluation
internal import Foundation
internal import Models
internal import ServiceKit

/// `freshet evaluate`: how good lists are, on data sets.
enum EvaluateCommand {
    static let command = Command(
        "evaluate", "Measure the quality of lists on a data set.", subcommands: [prequential, OfflineCommand.command])

    private static let prequential = Command(
        "prequential", "Play a stream: recommend, score, then learn, event by event.",
        discussion: "Uses the folds, the ranker and the trainer of `serve` with default settings.",
        arguments: [Argument("file", "events: JSON lines, REES46, Taobao or MovieLens u.data")],
        options: [
            .flag("json", "print one JSON object"),
            .option("set", "name=value", "change a setting (for experiments)", isRepeating: true),
        ],
        run: runPrequential)

    private static func runPrequential(_ arguments: ParsedArguments) throws -> Int32 {
        let stream = try readStream(arguments.required("file"))
        var evaluation = PrequentialEvaluation()
        for (name, value) in try arguments.pairs("set") {
            guard ShopSetting.set(name, value, in: &evaluation) else {
                throw UsageError("there is no setting '\(name)' with the value '\(value)'")
            }
        }
        let result = evaluation.run(stream)
        if arguments.flag("json") {
            print(
                json([
                    ("hr@\(result.length)", number(result.hitRate)), ("ndcg@\(result.length)", number(result.ndcg)),
                    ("count", "\(result.count)"), ("events", "\(stream.count)"),
                    ("generations", "\(result.generations.count)"),
                ]))
        } else {
            for (number, manifest) in result.generations.enumerated() {
                let blend = manifest.blend
                print(
                    String(
                        format: "generation %d of %d interactions: α₀ %g λ %g; sequential %.3f neighbours %.3f "
                            + "factors %.3f category %.3f popularity %.3f (column %d)", number + 1,
                        manifest.interactions, manifest.unobservedWeight, manifest.regularization,
                        blend.sequential.weight, blend.neighbours.weight, blend.factors.weight, blend.category.weight,
                        blend.popularity.weight, blend.popularity.column))
            }
            for point in result.series {
                print(
                    String(
                        format: "%9d events  HR@%d %.4f  NDCG@%d %.4f  (%d scored)", point.events, result.length,
                        point.hitRate, result.length, point.ndcg, point.count))
            }
            print(
                String(
                    format: "%9d events  HR@%d %.4f  NDCG@%d %.4f  (%d scored)", stream.count, result.length,
                    result.hitRate, result.length, result.ndcg, result.count))
        }
        return 0
    }

    static func readStream(_ path: String) throws -> EventStream {
        let data = try contents(path)
        do {
            return try data.withUnsafeBytes { try EventStreamReader().read($0) }
        } catch {
            throw CommandFailure("'\(path)' is no data set that can be read: \(error)", exitCode: 65)
        }
    }

    static func contents(_ path: String) throws -> Data {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("cannot read '\(path)'", remedy: "name a file that is there", exitCode: 66)
        }
        return data
    }

    static func number(_ value: Double) -> String { String(format: "%.6f", value) }

    static func json(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }
}
