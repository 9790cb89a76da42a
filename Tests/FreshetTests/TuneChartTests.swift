import Evaluation
import Foundation
import Models
import ServiceKit
import Testing

@testable import freshet

/// What `tune --chart` draws of several objectives, and how its text names the best.
@Suite struct TuneChartTests {
    private static func report(_ objectives: [Objective], _ values: [[Double]]) -> TuneReport {
        let search = Search(
            space: SearchSpace(ItemKNN.self), method: .random, trials: values.count, objectives: objectives, seed: 1)
        let trials = values.enumerated().map { number, values in
            Trial(plan: TrialPlan(number: number, settings: [:], budget: 1), values: values, seconds: 1)
        }
        return TuneReport(model: "knn", search: search, trials: trials, fixed: [], length: 20)
    }

    /// The corners of the staircase, in the picture's places: y grows downwards.
    private static func corners(_ svg: String) -> [(x: Double, y: Double)] {
        let path = svg.split(separator: "\n").first { $0.hasPrefix("<path class=\"l\" stroke=\"#0072b2\"") } ?? ""
        let points = path.split(separator: "d=\"M").last?.split(separator: "\"").first ?? ""
        return points.split(separator: "L").map { point in
            let numbers = point.split(separator: " ").compactMap { Double($0) }
            return (numbers[0], numbers[1])
        }
    }

    /// More of one objective costs some of the other: from left to right the line never rises, and it is one of steps.
    @Test func theStaircaseOfTwoMeasuresFalls() {
        let values = [[0.09, 0.04], [0.077, 0.0426], [0.104, 0.03], [0.07, 0.02], [0.09, 0.035]]
        let svg = Self.report([.measure(.ndcg), .measure(.map)], values).chart.svg()
        let corners = Self.corners(svg)
        #expect(corners.count == 7, "\(corners)")
        for (one, next) in zip(corners, corners.dropFirst()) {
            #expect(next.x >= one.x && next.y >= one.y && (next.x == one.x) != (next.y == one.y), "\(corners)")
        }
    }

    /// Few seconds are good: the more of them, the better the lists.
    @Test func theStaircaseOfTimeRises() {
        let values = [[0.05, 1], [0.08, 2], [0.09, 4], [0.04, 5]]
        let corners = Self.corners(Self.report([.measure(.ndcg), .seconds], values).chart.svg())
        #expect(corners.count == 7, "\(corners)")
        for (one, next) in zip(corners, corners.dropFirst()) {
            #expect(next.x <= one.x && next.y >= one.y, "\(corners)")
        }
    }

    /// A front by three objectives has no outline in the plane of two.
    @Test func threeObjectivesHaveNoStaircase() {
        let values = [[0.09, 0.04, 3], [0.08, 0.045, 2], [0.07, 0.03, 1], [0.06, 0.02, 4]]
        let report = Self.report([.measure(.ndcg), .measure(.map), .seconds], values)
        let svg = report.chart.svg()
        #expect(!svg.contains("<path class=\"l\" stroke") && svg.contains("seconds too, which is no axis"))
        #expect(svg.components(separatedBy: "r=\"3.6\" fill=\"#0072b2\"").count == 4)
        let text = report.text(rows: 9, style: Style(isEnabled: false))
        #expect(text.contains("that is the best by ndcg@20, which --objective names first"), "\(text)")
    }
}
