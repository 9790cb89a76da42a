internal import Evaluation
internal import Foundation
internal import ServiceKit

/// What a search found, as tables, JSON and a chart.
struct TuneReport {
    let model: String
    let search: Search
    /// By number.
    let trials: [Trial]
    /// Settings that all trials had.
    let fixed: [(name: String, value: String)]
    let length: Int
    /// The best settings, trained on all but the test and asked for the test, which no trial saw.
    var test: OfflineResult?
    /// Why no trial has come to its end, where that is so and known.
    var refusal: String?

    /// Trials with all of the effort, which alone can be compared.
    var full: [Trial] { trials.filter { $0.plan.budget == 1 && $0.values != nil } }
    var front: Set<Int> { Set(search.order.front(full).map(\.plan.number)) }
    var objectives: [Objective] { search.order.objectives }

    var best: Trial? { search.order.sorted(full).first }

    /// `als:factors=64,…`, as `evaluate offline --model` takes it.
    func choice(_ trial: Trial) -> String {
        let pairs = fixed.map { "\($0.name)=\($0.value)" } + names.map { "\($0)=\(trial.plan.settings[$0] ?? "")" }
        return pairs.isEmpty ? model : "\(model):" + pairs.joined(separator: ",")
    }

    private var names: [String] { search.space.dimensions.map(\.name) }

    func title(_ objective: Objective) -> String {
        objective == .seconds ? "seconds" : "\(objective.name)@\(length)"
    }

    func text(rows: Int, style: Style) -> String {
        guard let best else { return "no trial has come to its end\(refusal.map { ": \($0)" } ?? "")\n" }
        var table = TextTable(
            [.init("", .right), .init("trial", .right)] + objectives.map { .init(title($0), .right) }
                + (objectives.contains(.seconds) ? [] : [.init("seconds", .right)]) + names.map { .init($0, .right) })
        let front = front
        for (place, trial) in search.order.sorted(full).prefix(rows).enumerated() {
            let isOnFront = objectives.count > 1 && front.contains(trial.plan.number)
            var cells = ["\(place + 1)\(isOnFront ? "*" : "")", "\(trial.plan.number)"]
            cells += (trial.values ?? []).map { HumanFormat.fixed($0, digits: 4) }
            if !objectives.contains(.seconds) { cells.append(HumanFormat.fixed(trial.seconds, digits: 2)) }
            table.append(cells + names.map { trial.plan.settings[$0] ?? "" })
        }
        var text = table.render(style: style)
        if objectives.count > 1 { text += "* no other trial is better by all objectives: the Pareto front\n" }
        text +=
            "\n"
            + (trials.count > search.total
                ? "\(HumanFormat.counted(trials.count, "trial")), more than were asked for: the store had them"
                : "\(trials.count) of \(HumanFormat.counted(search.total, "trial"))")
            + endings + "\n"
        text += "best: --model \(choice(best))\n"
        if objectives.count > 1 {
            text += "of the Pareto front that is the best by \(title(objectives[0])), which --objective names first\n"
        }
        if let test {
            text +=
                "on what no trial saw: HR@\(length) \(HumanFormat.fixed(test.metrics.hitRate, digits: 4)), "
                + "recall \(HumanFormat.fixed(test.metrics.recall, digits: 4)), "
                + "NDCG \(HumanFormat.fixed(test.metrics.ndcg, digits: 4)) of "
                + "\(HumanFormat.counted(test.metrics.count, "user"))\n"
        }
        return text
    }

    /// `, 3 of them without values: 2 diverged, lower learning-rate; 1 took too long`, or nothing.
    private var endings: String {
        let without = trials.filter { $0.values == nil }
        guard !without.isEmpty else { return "" }
        let parts = TrialEnding.allCases.compactMap { ending -> String? in
            let count = without.count { $0.ending == ending }
            return count == 0 ? nil : "\(count) \(Self.words(ending))"
        }
        return ", \(without.count) of them stopped: " + parts.joined(separator: "; ")
    }

    private static func words(_ ending: TrialEnding) -> String {
        switch ending {
        case .whole: "whole"
        case .late: "took longer than --trial-time"
        case .refused: "refused the data"
        case .diverged: "diverged, lower learning-rate"
        case .belowMedian: "below the median of the others after as many folds"
        }
    }

    var json: String {
        var object = JSONObject()
        object.add("model", model)
        object.add("trials", trials.map(self.object))
        if let best {
            object.add("best", self.object(best))
            object.add("choice", choice(best))
        } else if let refusal {
            object.add("refusal", refusal)
        }
        object.add("front", search.order.sorted(full).filter { front.contains($0.plan.number) }.map(self.object))
        if let test {
            var measures = JSONObject()
            measures.add("users", test.metrics.count)
            for measure in RankingMeasure.allCases {
                measures.add("\(measure.rawValue)@\(length)", test.metrics[measure])
            }
            object.add("test", measures)
        }
        return object.text
    }

    private func object(_ trial: Trial) -> JSONObject {
        var object = JSONObject()
        object.add("number", trial.plan.number)
        object.add("budget", trial.plan.budget)
        for (objective, value) in zip(objectives, trial.values ?? []) where objective != .seconds {
            object.add(title(objective), value)
        }
        object.add("seconds", trial.seconds)
        if trial.values == nil { object.add("ending", trial.ending.rawValue) }
        var settings = JSONObject()
        for name in names { settings.add(name, trial.plan.settings[name] ?? "") }
        object.add("settings", settings)
        return object
    }
}
