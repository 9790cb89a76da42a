import Foundation
import Synchronization
import Testing

@testable import ServiceKit

@Suite struct TerminalTests {
    @Test func tablesAreAligned() {
        var table = TextTable([.init("user"), .init("lists", .right), .init("name", widthMax: 6)])
        table.append(["u1", "12", "short"])
        table.append(["日本", "1,234", "much too long"])
        table.append(["e\u{301}", "7", "a\nb"])
        #expect(
            table.render() == """
                user  lists  name
                u1       12  short
                日本  1,234  much …
                e\u{301}         7  a b

                """)
        #expect(table.render(style: Style(isEnabled: true)).hasPrefix("\u{1B}[1muser  lists  name\u{1B}[0m\n"))
    }

    @Test func widthsAreThoseOfTerminals() {
        #expect(displayWidth("abc") == 3)
        #expect(displayWidth("日本") == 4)
        #expect(displayWidth("👍🏽") == 2)
        #expect(displayWidth("\u{1B}[1mx\u{1B}[0m") == 1)
        #expect(truncated("日本語", columns: 4) == "日…")
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        #expect(printable("a\tb\r\nc\u{2028}d") == "a b  c d")
        #expect(printable("\u{1B}[31m\u{7}\u{9B}é👍🏽") == "\u{FFFD}[31m\u{FFFD}\u{FFFD}é👍🏽")
        #expect(truncated("\u{1B}]0;title\u{7}", columns: 5) == "\u{FFFD}]0;…")
    }

    @Test func aTableShowsNoEscapes() {
        var table = TextTable([.init("key")])
        table.append(["\u{1B}[2Jx"])
        #expect(table.render() == "key\n\u{FFFD}[2Jx\n")
    }

    @Test func anErrorStandsInThePlaceOfTheBar() {
        let captured = Captured(isTerminal: true)
        captured.output.setStatus("replay  45%")
        _ = captured.text()
        captured.output.setStatus("")
        captured.output.write(line: "Error: no broker")
        #expect(captured.text() == "\r\u{1B}[KError: no broker\n")
        captured.output.write(line: "more")
        #expect(captured.text() == "more\n")
    }

    @Test func aWriteThatFailsIsKnown() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let output = LineOutput(descriptor: full)
        #expect(output.failure == nil)
        output.write(line: "lost")
        #expect(output.failure == ENOSPC)
        // A reader who has gone had enough.
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        signal(SIGPIPE, SIG_IGN)
        let closed = LineOutput(descriptor: ends[1])
        closed.write(line: "lost")
        #expect(closed.failure == nil && closed.isReaderGone && !output.isReaderGone)
    }

    /// One that cannot move its cursor gets plain lines.
    @Test func aDumbTerminalIsNone() throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(terminal) }
        try #require(terminal >= 0)
        #expect(LineOutput.isTerminal(terminal, environment: ["TERM": "xterm"]))
        #expect(LineOutput.isTerminal(terminal, environment: [:]))
        #expect(!LineOutput.isTerminal(terminal, environment: ["TERM": "dumb"]))
    }

    @Test func stylesNeedATerminalAndConsent() {
        let terminal = Captured(isTerminal: true)
        #expect(Style(for: terminal.output, environment: [:]).isEnabled)
        #expect(!Style(for: terminal.output, environment: ["NO_COLOR": "1"]).isEnabled)
        #expect(Style(for: terminal.output, environment: ["NO_COLOR": ""]).isEnabled)
        #expect(!Style(for: Captured().output, environment: [:]).isEnabled)
        #expect(Style(isEnabled: false).red("x") == "x")
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func countsAreGrouped(count: Int, expected: String) {
        #expect(HumanFormat.grouped(count) == expected)
    }

    @Test func oneIsNoPlural() {
        #expect([0, 1, 1_234].map { HumanFormat.counted($0, "event") } == ["0 events", "1 event", "1,234 events"])
        #expect([1, 2].map { HumanFormat.counted($0, "entry", plural: "entries") } == ["1 entry", "2 entries"])
    }

    @Test func numbersAreShort() {
        #expect(HumanFormat.count(0) == "0")
        #expect(HumanFormat.count(999.4) == "999")
        #expect(HumanFormat.count(999.9) == "1k")
        #expect(HumanFormat.count(1_234_567) == "1.23M")
        #expect(HumanFormat.count(12_340) == "12.3k")
        #expect(HumanFormat.bytes(1_023) == "1023 B")
        #expect(HumanFormat.bytes(1_536) == "1.5 KB")
        #expect(HumanFormat.bytes(512 << 20) == "512 MB")
        #expect(HumanFormat.fixed(0.1306, digits: 3) == "0.131")
        #expect(HumanFormat.fixed(-2.005, digits: 1) == "-2.0")
        #expect(HumanFormat.fixed(-0.001, digits: 2) == "0.00")
        #expect(HumanFormat.fixed(99.96, digits: 1) == "100.0")
    }

    @Test(arguments: [
        (Duration.zero, "0 s"), (.microseconds(850), "850 µs"), (.microseconds(12_340), "12.3 ms"),
        (.milliseconds(4_200), "4.2 s"), (.milliseconds(59_990), "1m 00s"), (.seconds(200), "3m 20s"),
        (.seconds(7_500), "2h 05m"), (.seconds(270_000), "3d 3h"), (.seconds(-2), "-2 s"),
    ])
    func durationsAreReadable(duration: Duration, expected: String) {
        #expect(HumanFormat.duration(duration) == expected)
    }

    @Test func aTerminalIsRedrawnTenTimesASecond() {
        let (captured, time) = (Captured(isTerminal: true), ManualClock())
        withClock(time, captured) { bar in
            for _ in 0..<1_000 {
                time.advance(milliseconds: 1)
                bar.advance(by: 10)
            }
            let drawn = captured.text().split(separator: "\r\u{1B}[K")
            #expect(drawn.count == 10)
            #expect(drawn.last?.hasPrefix("replay  ██████") == true, "\(drawn)")
            #expect(drawn.last?.hasSuffix("45%  9,010/20,000 events  10k/s  1 s left") == true, "\(drawn)")
            bar.finish()
            #expect(captured.text() == "\r\u{1B}[Kreplay: 10,000 events in 1 s (10k/s)\n")
        }
    }

    @Test func elsewhereItIsALineNowAndThen() {
        let (captured, time) = (Captured(), ManualClock())
        withClock(time, captured) { bar in
            for second in 1...12 {
                time.advance(milliseconds: 1_000)
                bar.update(completed: second * 1_000, note: "lag 5")
            }
            #expect(
                captured.lines() == [
                    "replay  25%  5,000/20,000 events  1k/s  15 s left  lag 5",
                    "replay  50%  10,000/20,000 events  1k/s  10 s left  lag 5",
                ])
        }
    }

    @Test func aShareEndsAtTheWholeOfItWithoutARate() {
        let (captured, time) = (Captured(), ManualClock())
        let bar = ProgressBar("train", total: ProgressBar.shares, unit: nil, output: captured.output) { time.now }
        time.advance(milliseconds: 6_000)
        bar.update(share: 0.55)
        bar.finish()
        #expect(captured.lines() == ["train  55%  5 s left", "train: 100% in 6 s"])
    }

    @Test func whatWasDoneBeforeIsInNoRate() {
        let (captured, time) = (Captured(), ManualClock())
        let begun = { ProgressBar("tune", total: 8, unit: "trials", earlier: 4, output: captured.output) { time.now } }
        begun().finish()
        let bar = begun()
        time.advance(milliseconds: 10_000)
        bar.update(completed: 5)
        bar.finish()
        #expect(
            captured.lines() == [
                "tune: 4 trials, all done before", "tune  63%  5/8 trials  0.1/s  30 s left",
                "tune: 1 trial in 10 s (0.1/s), 4 done before",
            ])
    }

    private func withClock(_ time: ManualClock, _ captured: Captured, _ body: (ProgressBar) -> Void) {
        body(ProgressBar("replay", total: 20_000, unit: "events", output: captured.output) { time.now })
    }
}

private final class ManualClock: Sendable {
    private let nanoseconds = Atomic(UInt64(0))
    var now: UInt64 { nanoseconds.load(ordering: .relaxed) }
    func advance(milliseconds: UInt64) { nanoseconds.wrappingAdd(milliseconds * 1_000_000, ordering: .relaxed) }
}
