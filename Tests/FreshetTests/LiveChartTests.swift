import ServiceKit
import Testing

@testable import Pipeline
@testable import freshet

@Suite struct LiveChartTests {
    private func quality(_ cases: Int) -> LiveQuality {
        var quality = LiveQuality()
        for index in 0..<cases { quality.add(index % 4 == 0 ? .at(0) : .missing) }
        return quality
    }

    private func points(_ chart: LiveChart, _ series: Int = 0) -> Int {
        let paths = chart.chart.svg().split(separator: "\n").filter { $0.contains("class=\"l\"") && $0.contains("L") }
        return paths.count > series ? paths[series].count { $0 == "L" } + 1 : 0
    }

    @Test func drawsWhatTheMetricsShowedAndWhenGenerationsCame() {
        let chart = LiveChart()
        for step in 0...40 {
            let cases = step * 25
            chart.note(quality(cases), events: cases * 2, generation: step < 10 ? nil : step < 30 ? 1 : 2)
        }
        // From 200 cases on, 50 apart.
        #expect(points(chart) == 17 && points(chart, 1) == 17)
        #expect(chart.chart.marks == [500, 1500])
        #expect(chart.chart.svg().contains("1,000 cases"))
    }

    /// A worker that starts over counts from nothing; its events come after those before.
    @Test func goesOnWhereAWorkerStartsOver() {
        let chart = LiveChart()
        for events in [1000, 2000, 0, 400] { chart.note(quality(events / 2), events: events, generation: 3) }
        #expect(chart.chart.marks == [1000])
        #expect(points(chart) == 3)
        #expect(chart.chart.svg().contains("1,200 cases"))
    }

    @Test func keepsABoundedNumberOfPoints() {
        let chart = LiveChart()
        var quality = LiveQuality()
        for events in 0..<200_000 {
            quality.add(.missing)
            if events % 50 == 0 { chart.note(quality, events: events, generation: nil) }
        }
        #expect(points(chart) <= LiveChart.pointsMax && points(chart) > LiveChart.pointsMax / 3)
    }

    @Test func aServiceThatHasDoneNothingHasAChartToo() { #expect(LiveChart().chart.svg().hasSuffix("</svg>\n")) }
}
