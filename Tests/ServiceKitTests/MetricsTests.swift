import Foundation
import Testing

@testable import ServiceKit

@Suite struct MetricsTests {
    let registry = MetricsRegistry()

    func text() -> String { String(decoding: registry.renderPrometheus(), as: UTF8.self) }

    @Test func theTextIsPrometheus() {
        let views = Counter(
            label: "freshet_events_total", dimensions: [("type", "view")], help: "Events\nlearnt.", registry: registry)
        Counter(
            label: "freshet_events_total", dimensions: [("type", "a\"b\\c\nd")], help: "Events\nlearnt.",
            registry: registry
        ).increment(by: 5)
        views.increment()
        views.increment(by: 2)
        Gauge(label: "freshet_lag", help: "Lag.", registry: registry).record(2.5)
        let timer = ServiceKit.Timer(
            label: "freshet_commit_seconds", buckets: [.milliseconds(1), .milliseconds(10)], help: "Commits.",
            registry: registry)
        timer.record(.microseconds(500))
        timer.record(.milliseconds(1))
        timer.record(.milliseconds(2))
        timer.recordNanoseconds(1_000_000_000)
        registry.computed(gauge: "freshet_answer", dimensions: [("of", "all")], help: "Computed.") { 42 }
        #expect(
            text() == #"""
                # HELP freshet_answer Computed.
                # TYPE freshet_answer gauge
                freshet_answer{of="all"} 42
                # HELP freshet_commit_seconds Commits.
                # TYPE freshet_commit_seconds histogram
                freshet_commit_seconds_bucket{le="0.001"} 2
                freshet_commit_seconds_bucket{le="0.01"} 3
                freshet_commit_seconds_bucket{le="+Inf"} 4
                freshet_commit_seconds_sum 1.0035
                freshet_commit_seconds_count 4
                # HELP freshet_events_total Events\nlearnt.
                # TYPE freshet_events_total counter
                freshet_events_total{type="a\"b\\c\nd"} 5
                freshet_events_total{type="view"} 3
                # HELP freshet_lag Lag.
                # TYPE freshet_lag gauge
                freshet_lag 2.5

                """#)
    }

    @Test func theSameNameIsTheSameMetric() {
        let labels = [("a", "1")]
        let one = Counter(label: "x_total", dimensions: labels, help: "X.", registry: registry)
        let two = Counter(label: "x_total", dimensions: labels, help: "X.", registry: registry)
        one.increment()
        two.increment()
        #expect(one.value == 2)
        registry.remove("x_total", dimensions: labels)
        #expect(text().isEmpty)
    }

    @Test func noIncrementIsLost() {
        let counter = Counter(label: "x_total", help: "X.", registry: registry)
        let timer = ServiceKit.Timer(label: "x_seconds", help: "X.", registry: registry)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for value in 0..<10_000 {
                counter.increment()
                timer.recordNanoseconds(Int64(value))
            }
        }
        #expect(counter.value == 80_000)
        #expect(timer.count == 80_000)
        #expect(text().contains("x_seconds_count 80000\n"))
    }

    /// A bound is a label, by which rules and dashboards name it.
    @Test func boundsAreShortNumbers() {
        _ = ServiceKit.Timer(label: "x_seconds", help: "X.", registry: registry)
        let bounds = text().split(separator: "\n").compactMap { $0.firstMatch(of: /le="(.*)"/)?.output.1 }
        #expect(
            bounds == [
                "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5",
                "1",
                "2", "5", "10", "30", "60", "+Inf",
            ])
    }

    @Test func quantilesAreInterpolated() throws {
        let timer = ServiceKit.Timer(label: "x_seconds", help: "X.", registry: registry)
        #expect(timer.quantile(0.5) == nil)
        for milliseconds in 1...1_000 { timer.record(.milliseconds(milliseconds)) }
        let half = try #require(timer.quantile(0.5)).inSeconds
        #expect(abs(half - 0.5) < 0.01)
        timer.record(.seconds(1_000))
        #expect(timer.quantile(1) == .seconds(60))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"), "promtool is not installed"))
    func promtoolFindsNothingWrong() throws {
        Counter(label: "freshet_events_total", help: "Events.", registry: registry).increment()
        ServiceKit.Timer(label: "freshet_commit_seconds", help: "Commits.", registry: registry).record(.seconds(1))
        Gauge(label: "freshet_lag", dimensions: [("topic", "a\"\\\n")], help: "Lag.", registry: registry).record(.nan)
        registry.addProcessMetrics()
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        tool.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        (tool.standardInput, tool.standardOutput, tool.standardError) = (input, output, output)
        try tool.run()
        input.fileHandleForWriting.write(Data(registry.renderPrometheus()))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0, "\(said)")
        #expect(said.isEmpty)
    }

    @Test func theProcessIsMeasured() throws {
        registry.addProcessMetrics()
        let line = try #require(text().split(separator: "\n").first { $0.hasPrefix("process_resident_memory_bytes ") })
        #expect(try #require(Double(line.split(separator: " ")[1])) > 1_000_000)
    }
}
