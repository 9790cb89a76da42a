import Models
internal import Evaluation
internal import Foundation
internal import ServiceKit

/// Offline results of several models, the first of them the one that the others are compared with.
struct OfflineReport {
    struct Row {
        var title: String
        var result: OfflineResult
        /// Of training and ranking.
        var seconds: Double
    }

    let rows: [Row]
    var hasGroups = false
    /// What stands in the output where only some candidates were ranked.
    var protocolName: String?

    // MARK: - JSON

    /// An object with all models; one alone is the object too.
    var json: String {
        var object = rows.count == 1 ? self.object(rows[0], to: nil) : JSONObject()
        object.add("models", rows.enumerated().map { self.object($1, to: $0 == 0 ? nil : rows[0]) })
        return object.text
    }

    private func object(_ row: Row, to first: Row?) -> JSONObject {
        var object = JSONObject()
        object.add("model", row.title)
        if let protocolName { object.add("protocol", protocolName) }
        object.add("users", row.result.metrics.count)
        for (name, value) in figures(row) { object.add(name, value) }
        if row.result.hasUntouchedAsRatings { object.add("no_rating_errors", Self.noRatingErrors) }
        if let first {
            var differences = JSONObject()
            for measure in RankingMeasure.allCases {
                guard let interval = row.result.difference(measure, to: first.result) else { continue }
                differences.add(name(measure), [interval.mean, interval.low, interval.high])
            }
            object.add("difference", differences)
        }
        if hasGroups {
            object.add("groups", row.result.groups().map { $0.object(row.result.metrics.length, cases: "users") })
        }
        return object
    }

    private static let noRatingErrors =
        "untouched items are learnt as ratings of 0 beside the others; negatives=0 learns ratings alone"

    private func name(_ measure: RankingMeasure) -> String {
        "\(measure.rawValue)@\(rows[0].result.metrics.length)"
    }

    private func figures(_ row: Row) -> [(String, Double?)] {
        let result = row.result
        var figures: [(String, Double?)] = RankingMeasure.allCases.map { (name($0), result.metrics[$0]) }
        figures += [
            ("auc", result.auc), ("coverage", result.coverage), ("novelty", result.novelty),
            ("diversity", result.diversity), ("gini", result.gini),
        ]
        if let errors = result.ratingErrors, errors.hasDifferentRatings {
            figures += [("mse", errors.mse), ("rmse", errors.rmse), ("mae", errors.mae)]
        }
        return figures + [("seconds", row.seconds)]
    }

    // MARK: - Tables

    func text(style: Style) -> String {
        var text = HumanFormat.counted(rows[0].result.metrics.count, "case")
        text += protocolName.map { ", \($0)\n\n" } ?? ", all items ranked\n\n"
        text += measures.render(style: style)
        let reasons = reasons
        if !reasons.isEmpty { text += "\n" + reasons.joined(separator: "\n") + "\n" }
        let unrated = rows.filter(\.result.hasUntouchedAsRatings).map(\.title)
        if !unrated.isEmpty {
            text += "\nNo rating errors of \(unrated.joined(separator: ", ")): \(Self.noRatingErrors).\n"
        }
        if rows.count > 1 {
            text +=
                "\nIn brackets the difference to \(rows[0].title) and where it lies in 95 of 100 paired resamples "
                + "of the users;\n* where that leaves out zero.\n"
        }
        if hasGroups { text += "\n" + groups.render(style: style) }
        return text
    }

    /// Why a whole row is `–`.
    private var reasons: [String] {
        guard protocolName == nil else {
            return ["–: one wanted item among drawn ones makes neither an AUC nor a list."]
        }
        var reasons: [String] = []
        if rows.allSatisfy({ $0.result.auc == nil }) {
            reasons.append("auc –: --auc measures it, of an algorithm; the served list and its learners have none.")
        }
        if rows.allSatisfy({ $0.result.diversity == nil }) {
            reasons.append("diversity –: the items listed have no categories, or no list has two.")
        }
        return reasons
    }

    private var measures: TextTable {
        var table = TextTable([.init("")] + rows.map { .init($0.title, .right) })
        let columns = rows.map { figures($0) }
        for (place, (title, _)) in figures(rows[0]).enumerated() {
            let measure = RankingMeasure.allCases.indices.contains(place) ? RankingMeasure.allCases[place] : nil
            let cells = columns.enumerated().map { index, column in
                let value = column.first { $0.0 == title }?.1
                let text = value.map { HumanFormat.fixed($0, digits: 4) } ?? "–"
                guard index > 0, let measure,
                    let interval = rows[index].result.difference(measure, to: rows[0].result)
                else { return text }
                return text + " " + Self.text(interval)
            }
            table.append([title] + cells)
        }
        return table
    }

    /// `(+0.0123: +0.0050 to +0.0190)*`.
    static func text(_ interval: PairedInterval) -> String {
        let numbers = [interval.mean, interval.low, interval.high].map { String(format: "%+.4f", $0) }
        return "(\(numbers[0]): \(numbers[1]) to \(numbers[2]))" + (interval.isSignificant ? "*" : " ")
    }

    private var groups: TextTable {
        var table = TextTable(
            [.init("items in training"), .init("users", .right)]
                + rows.flatMap { row in
                    [RankingMeasure.hitRate, .recall, .ndcg].map { .init("\(row.title) \(name($0))", .right) }
                })
        let columns = rows.map { $0.result.groups() }
        for (place, group) in columns[0].enumerated() {
            table.append(
                ["\(group.range.lowerBound) to \(group.range.upperBound)", "\(group.metrics.count)"]
                    + columns.flatMap { groups in
                        [RankingMeasure.hitRate, .recall, .ndcg].map {
                            HumanFormat.fixed(groups[place].metrics[$0], digits: 4)
                        }
                    })
        }
        return table
    }
}

extension ActivityGroup {
    /// - Parameter cases: what its cases are called.
    func object(_ length: Int, cases: String) -> JSONObject {
        var object = JSONObject()
        object.add("from", range.lowerBound)
        object.add("to", range.upperBound)
        object.add(cases, metrics.count)
        for measure in RankingMeasure.allCases { object.add("\(measure.rawValue)@\(length)", metrics[measure]) }
        return object
    }
}
