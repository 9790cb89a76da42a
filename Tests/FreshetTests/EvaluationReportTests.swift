import Evaluation
import Foundation
import Models
import ServiceKit
import Testing

@testable import freshet

/// What `evaluate` prints beside hit rates.
@Suite struct EvaluationReportTests {
    private static func stream() throws -> EventStream {
        let lines = DataSimulation.lines(users: 40, items: 40, events: 900, seed: 3)
        return try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
    }

    private static func object(_ json: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    }

    @Test func aStreamIsReportedWithAllThatListsHave() throws {
        let stream = try Self.stream()
        let result = try ModelChoice.prequential("popularity").run(stream)
        var report = PrequentialReport(dataset: "d", events: stream.count, result: result)
        let object = try Self.object(report.json)
        for name in ["hr@20", "ndcg@20", "precision@20", "mrr@20", "coverage", "novelty", "gini"] {
            #expect(try #require(object[name] as? Double) > 0, "\(name)")
        }
        let (hits, precision) = (object["hr@20"] as? Double ?? 0, object["precision@20"] as? Double ?? 0)
        #expect(abs(hits / 20 - precision) < 1e-6 && object["groups"] == nil)
        let plain = report.text(style: Style(isEnabled: false))
        #expect(plain.contains("mrr@20") && plain.contains("gini") && !plain.contains("items before"))
        report.hasGroups = true
        let groups = try #require(try Self.object(report.json)["groups"] as? [[String: Any]])
        #expect(groups.count == 3 && groups.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == result.count)
        #expect(report.text(style: Style(isEnabled: false)).contains("items before"))
    }

    /// A chart beside another model's says of which the lines are; counts alone have no generations to show.
    @Test func aStreamsReportNamesItsModel() throws {
        let stream = try Self.stream()
        let result = try ModelChoice.prequential("popularity").run(stream)
        let report = PrequentialReport(dataset: "d", model: "popularity", events: stream.count, result: result)
        #expect(report.chart.svg().contains("popularity alone: ") && result.generations.isEmpty)
        #expect(try Self.object(report.json)["model"] as? String == "popularity")
        #expect(!report.text(style: Style(isEnabled: false)).contains("interactions"))
    }

    @Test func whatHasNoFigureHasAReason() throws {
        func text(_ categories: Bool) throws -> String {
            var lines = DataSimulation.lines(users: 40, items: 40, events: 900, seed: 3)
            if !categories {
                lines = lines.map { Array(String(decoding: $0, as: UTF8.self).replacing("category", with: "c").utf8) }
            }
            let stream = try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
            var evaluation = try ModelChoice("popularity-count", settings: []).evaluation
            evaluation.measuresAUC = categories
            let result = evaluation.run(.lastOut(stream))
            return OfflineReport(rows: [.init(title: "p", result: result, seconds: 1)]).text(
                style: Style(isEnabled: false))
        }
        let bare = try text(false)
        #expect(bare.contains("auc –: --auc measures it") && bare.contains("diversity –: the items listed"), "\(bare)")
        #expect(try !text(true).contains("–"))
    }

    /// Figures that are not there have a reason.
    @Test func whoPredictsNoRatingsSaysSo() throws {
        func report(_ model: String) throws -> OfflineReport {
            let split = OfflineSplit.time(try Self.stream(), share: 0.7)
            let result = try ModelChoice(model, settings: []).evaluation.run(split)
            return OfflineReport(rows: [.init(title: model, result: result, seconds: 1)])
        }
        let plain = try report("mf:epochs=2")
        #expect(plain.text(style: Style(isEnabled: false)).contains("No rating errors of mf:epochs=2: untouched items"))
        let object = try Self.object(plain.json)
        #expect(object["rmse"] == nil && object["no_rating_errors"] is String)
        let ratings = try report("mf:epochs=2,negatives=0")
        #expect(!ratings.text(style: Style(isEnabled: false)).contains("No rating errors"))
        #expect(try Self.object(ratings.json)["rmse"] is Double)
    }

    /// Bad input, as any: nothing is printed that could be taken for a figure.
    @Test func aDivergedModelEndsTheCommand() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = DataSimulation.lines(users: 40, items: 40, events: 900, seed: 3)
        try Data(lines.joined(separator: [10])).write(to: URL(fileURLWithPath: path))
        func code(_ model: String) -> Int32 {
            OfflineCommand.command.main(["offline", path, "--model", model, "--json"])
        }
        #expect(code("mf:learning-rate=1,regularization=0.5,epochs=30") == 65)
        #expect(code("mf:learning-rate=1,regularization=1") == 65)
        #expect(code("mf:epochs=1") == 0)
        #expect(
            PrequentialCommand.command.main([
                "prequential", path, "--model", "mf:learning-rate=1,regularization=0.5,epochs=30",
            ]) == 65)
    }

    @Test func searchedRangesAreShown() throws {
        let text = ModelsCommand.text(MultiLayerPerceptron.self)
        #expect(text.contains("1 to 1000") && text.contains("2 to 50"))
        let settings = try #require(ModelsCommand.members(EASE.self)["settings"] as? [[String: String]])
        #expect(settings.map { $0["searched"] } == ["1.0 to 10000.0", "0.0 to 1.0", "", "", ""])
    }
}
