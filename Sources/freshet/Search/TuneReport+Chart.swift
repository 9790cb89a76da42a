internal import Evaluation
internal import Foundation
internal import ServiceKit

extension TuneReport {
    /// One objective over the trials, or the first two against each other with the Pareto front.
    var chart: Chart { objectives.count > 1 ? frontChart : courseChart }

    private var summary: String {
        "\(search.method.rawValue), \(HumanFormat.counted(full.count, "trial")), seed \(search.seed)"
    }

    private var courseChart: Chart {
        var chart = Chart(title: "Search for settings of \(model)", xLabel: "trial", yLabel: title(objectives[0]))
        chart.yHasZero = false
        chart.subtitle = summary
        var best = -Double.infinity
        let found = full.map { trial in (x: Double(trial.plan.number), y: trial.values?[0] ?? 0) }
        let bests = found.map { point -> (x: Double, y: Double) in
            best = max(best, objectives[0].gain(point.y))
            return (point.x, abs(best))
        }
        chart.series = [
            .init("trials", colour: 4, drawing: .points, points: found),
            .init("best so far", colour: 0, drawing: .steps, points: bests),
        ]
        return chart
    }

    /// Of more than two objectives the front has no outline in the plane of two: its points alone are drawn.
    private var frontChart: Chart {
        let (first, second) = (title(objectives[0]), title(objectives[1]))
        var chart = Chart(
            title: "Search for settings of \(model): \(first) and \(second)", xLabel: second, yLabel: first)
        chart.xHasZero = objectives[1] == .seconds
        chart.yHasZero = objectives[0] == .seconds
        chart.subtitle = summary
        let unseen = objectives.dropFirst(2).map(title)
        if !unseen.isEmpty {
            chart.subtitle +=
                "; the front is by \(unseen.joined(separator: " and ")) too, which "
                + (unseen.count == 1 ? "is no axis" : "are no axes")
        }
        func points(_ trials: [Trial]) -> [(x: Double, y: Double)] {
            trials.map { ($0.values?[1] ?? 0, $0.values?[0] ?? 0) }
        }
        let front = front
        let best = points(full.filter { front.contains($0.plan.number) })
        chart.series = [
            .init(
                "trials", colour: 4, drawing: .points,
                points: points(full.filter { !front.contains($0.plan.number) })),
            .init("", colour: 0, drawing: .line, points: unseen.isEmpty ? staircase(best, of: points(full)) : []),
            .init("Pareto front", colour: 0, drawing: .points, points: best),
        ]
        return chart
    }

    /// The outline of what the front is better than: from the worst second value at the best first one, down with each point
    /// to the worst first value at the best second one. Its ends show on which side of the front the other trials lie.
    private func staircase(
        _ front: [(x: Double, y: Double)], of all: [(x: Double, y: Double)]
    ) -> [(x: Double, y: Double)] {
        let (x, y) = (objectives[1].gain, objectives[0].gain)
        guard let left = all.min(by: { x($0.x) < x($1.x) }), let low = all.min(by: { y($0.y) < y($1.y) }) else {
            return []
        }
        var corners: [(x: Double, y: Double)] = []
        var reached = left.x
        for point in front.sorted(by: { x($0.x) < x($1.x) }) {
            // As good as this point in the first objective is whatever is worse than it in the second.
            corners += [(reached, point.y), point]
            reached = point.x
        }
        return corners + [(reached, low.y)]
    }
}
