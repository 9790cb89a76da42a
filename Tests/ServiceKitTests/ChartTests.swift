import Foundation
import Testing

@testable import ServiceKit

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct ChartTests {
    @Test func ticksAreRound() {
        #expect(
            ChartScale([0.031, 0.29], hasZero: true).ticks.map { HumanFormat.fixed($0, digits: 2) }
                == ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"])
        let far = ChartScale([12_000, 55_000], hasZero: false)
        #expect(far.low <= 12_000 && far.high >= 55_000)
        #expect(far.label(20_000) == "20k")
        #expect(ChartScale([3], hasZero: false).ticks.count > 1)
        #expect(ChartScale([], hasZero: true).ticks.count > 1)
    }

    @Test func isWellFormedAndEscapesTitles() throws {
        var chart = Chart(title: "A < B & C", xLabel: "events", yLabel: "HR@20")
        chart.series = [
            .init("line", colour: 0, drawing: .line, points: [(0, 0.1), (10, 0.2)]),
            .init("front", colour: 1, drawing: .steps, points: [(0, 0.1), (10, 0.2)]),
            .init("points", colour: 2, drawing: .points, points: [(5, 0.3), (6, .nan)]),
        ]
        chart.marks = [2, 4]
        chart.marksTitle = "generations"
        let svg = chart.svg()
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        #expect(svg.contains("A &lt; B &amp; C") && !svg.contains("nan"))
        #expect(svg.components(separatedBy: "<circle").count == 3)
    }

    /// SVG cuts nothing that runs off its edge; the document's own name keeps the whole.
    @Test func longTextsEndWithinThePicture() throws {
        let long = String(repeating: "a stream of events ", count: 12)
        var chart = Chart(title: long, xLabel: "events", yLabel: "HR@20")
        chart.subtitle = long
        chart.series = [.init(long, colour: 0, drawing: .line, points: [(0, 0.1), (10, 0.2)])]
        let svg = chart.svg()
        #expect(svg.contains("<title>\(long)</title>"))
        let texts = svg.split(separator: "\n").filter { $0.contains("a stream") && $0.hasPrefix("<text") }
        #expect(texts.count == 3 && texts.allSatisfy { $0.contains("…</text>") }, "\(texts)")
    }
}
