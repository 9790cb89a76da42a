internal import Evaluation
internal import Foundation
internal import Models
internal import ServiceKit

/// A prequential result as a table, JSON and a chart, perhaps beside another run.
struct PrequentialReport {
    struct Other {
        var title: String
        /// Nil where only its ranks are known.
        var run: PrequentialResult?
        var difference: PrequentialResult.Difference
    }

    let dataset: String
    /// As `--model` names it.
    var model = "blend"
    /// Of the stream.
    let events: Int
    let result: PrequentialResult
    var other: Other?
    var hasGroups = false

    private var hitName: String { "hr@\(result.length)" }
    private var gainName: String { "ndcg@\(result.length)" }

    var json: String {
        var object = JSONObject()
        object.add("model", model)
        object.add(hitName, result.hitRate)
        object.add(gainName, result.ndcg)
        for (name, value) in figures { object.add(name, value) }
        object.add("count", result.count)
        object.add("events", events)
        object.add("generations", result.generations.count)
        if let other {
            var against = JSONObject()
            against.add("name", other.title)
            against.add(hitName, result.hitRate - other.difference.hitRate.mean)
            against.add(gainName, result.ndcg - other.difference.ndcg.mean)
            object.add("against", against)
            var difference = JSONObject()
            difference.add(hitName, Self.numbers(other.difference.hitRate))
            difference.add(gainName, Self.numbers(other.difference.ndcg))
            object.add("difference", difference)
        }
        if hasGroups { object.add("groups", result.groups().map { $0.object(result.length, cases: "count") }) }
        object.add("series", seriesObjects)
        return object.text
    }

    /// What lists have beside HR and NDCG. One item is wanted at a time: its recall is the HR, and its MAP the MRR.
    private var figures: [(String, Double?)] {
        let statistics = result.statistics
        return [RankingMeasure.precision, .mrr].map { ("\($0.rawValue)@\(result.length)", result.metrics[$0]) } + [
            ("coverage", statistics.coverage), ("novelty", statistics.novelty), ("diversity", statistics.diversity),
            ("gini", statistics.gini),
        ]
    }

    /// The parts of the stream, beside the other run's where there is one.
    private var seriesObjects: [JSONObject] {
        let others = other?.run?.series ?? []
        return result.series.enumerated().map { place, point in
            var object = JSONObject()
            object.add("events", point.events)
            object.add("count", point.count)
            object.add(hitName, point.hitRate)
            object.add(gainName, point.ndcg)
            if others.indices.contains(place) {
                object.add("against_" + hitName, others[place].hitRate)
                object.add("against_" + gainName, others[place].ndcg)
            }
            return object
        }
    }

    /// How much larger this run's figure is than the other's, in per cent of that one.
    private static func relative(_ figure: Double, less difference: Double) -> String {
        let other = figure - difference
        return other > 0 ? String(format: "%+.2f%%", 100 * difference / other) : "-"
    }

    private static func numbers(_ interval: PairedInterval) -> [Double] {
        [interval.mean, interval.low, interval.high]
    }

    func text(style: Style) -> String {
        // Counts alone have no generations.
        var text = result.generations.isEmpty ? "" : generations.render(style: style) + "\n"
        text += series.render(style: style) + "\n"
        func figure(_ value: Double) -> String { result.count > 0 ? String(format: "%.4f", value) : "–" }
        text +=
            "\(HumanFormat.counted(events, "event"))  HR@\(result.length) \(figure(result.hitRate))  "
            + "NDCG@\(result.length) \(figure(result.ndcg))  (\(HumanFormat.grouped(result.count)) scored)\n"
        if result.count > 0 {
            var table = TextTable(figures.map { .init($0.0, .right) })
            table.append(figures.map { $0.1.map { HumanFormat.fixed($0, digits: 4) } ?? "–" })
            text += table.render(style: style)
        }
        if hasGroups { text += groups.render(style: style) }
        if let other {
            text +=
                "less '\(other.title)', with 95% intervals:  "
                + "HR \(OfflineReport.text(other.difference.hitRate))  "
                + "NDCG \(OfflineReport.text(other.difference.ndcg))\n"
            text +=
                "in per cent of its own:  "
                + "HR \(Self.relative(result.hitRate, less: other.difference.hitRate.mean))  "
                + "NDCG \(Self.relative(result.ndcg, less: other.difference.ndcg.mean))\n"
        }
        return text
    }

    private var groups: TextTable {
        let measures = [RankingMeasure.hitRate, .ndcg, .mrr]
        var table = TextTable(
            [.init("items before"), .init("scored", .right)]
                + measures.map { .init("\($0.rawValue)@\(result.length)", .right) })
        for group in result.groups() {
            table.append(
                ["\(group.range.lowerBound) to \(group.range.upperBound)", HumanFormat.grouped(group.metrics.count)]
                    + measures.map { HumanFormat.fixed(group.metrics[$0], digits: 4) })
        }
        return table
    }

    /// What each generation was trained on and how it weighs the learners.
    private var generations: TextTable {
        var table = TextTable(
            [
                "generation", "at event", "interactions", "α₀", "λ", "sequential", "neighbours", "factors", "category",
                "popularity",
            ].map { .init($0, .right) })
        for (number, manifest) in result.generations.enumerated() {
            let blend = manifest.blend
            let weights = [
                blend.sequential.weight, blend.neighbours.weight, blend.factors.weight, blend.category.weight,
                blend.popularity.weight,
            ]
            table.append(
                [
                    "\(number + 1)", HumanFormat.grouped(manifest.events), HumanFormat.grouped(manifest.interactions),
                    String(format: "%g", manifest.unobservedWeight), String(format: "%g", manifest.regularization),
                ] + weights.map { HumanFormat.fixed($0, digits: 3) })
        }
        return table
    }

    private var series: TextTable {
        let titles = ["up to event", "scored", "HR@\(result.length)", "NDCG@\(result.length)"]
        let others = other?.run?.series ?? []
        var table = TextTable((titles + (others.isEmpty ? [] : ["its HR", "its NDCG"])).map { .init($0, .right) })
        for (place, point) in result.series.enumerated() {
            var cells = [HumanFormat.grouped(point.events), HumanFormat.grouped(point.count)]
            cells += [point.hitRate, point.ndcg].map { HumanFormat.fixed($0, digits: 4) }
            if others.indices.contains(place) {
                cells += [others[place].hitRate, others[place].ndcg].map { HumanFormat.fixed($0, digits: 4) }
            }
            table.append(cells)
        }
        return table
    }

    /// HR and NDCG of each part of the stream, at the part's end.
    var chart: Chart {
        var chart = Chart(
            title: "Live quality of the lists on \(dataset)", xLabel: "events so far",
            yLabel: "HR and NDCG of each part of the stream"
        )
        chart.subtitle =
            "\(truncated(Self.legend(model), columns: 40)): \(HumanFormat.counted(result.count, "event")) scored "
            + "before they are learnt: "
            + "HR@\(result.length) \(HumanFormat.fixed(result.hitRate, digits: 4)), "
            + "NDCG@\(result.length) \(HumanFormat.fixed(result.ndcg, digits: 4))"
        let points = Self.drawable(result)
        chart.series = [
            .init("HR@\(result.length)", colour: 0, drawing: .line, points: points.map(Self.hits)),
            .init("NDCG@\(result.length)", colour: 1, drawing: .line, points: points.map(Self.gains)),
        ]
        if let other, let run = other.run {
            let points = Self.drawable(run)
            chart.series += [
                .init(Self.legend(other.title), colour: 0, drawing: .dashedLine, points: points.map(Self.hits)),
                .init("", colour: 1, drawing: .dashedLine, points: points.map(Self.gains)),
            ]
        }
        chart.marks = result.generations.map { Double($0.events) }
        chart.marksTitle = "a new generation"
        return chart
    }

    /// Without parts of which hardly anything is scored, such as the last moment of the warm-up.
    private static func drawable(_ result: PrequentialResult) -> [PrequentialResult.Point] {
        result.series.filter { $0.count * result.series.count * 10 >= result.count }
    }

    /// What `--against` names, in words.
    private static func legend(_ title: String) -> String {
        switch title {
        case "popularity": "popularity alone"
        case "untrained": "the same without generations"
        default: title
        }
    }

    private static func hits(_ point: PrequentialResult.Point) -> (x: Double, y: Double) {
        (Double(point.events), point.hitRate)
    }

    private static func gains(_ point: PrequentialResult.Point) -> (x: Double, y: Double) {
        (Double(point.events), point.ndcg)
    }
}
