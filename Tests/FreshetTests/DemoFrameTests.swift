import Pipeline
import ServiceKit
import Testing

@testable import freshet

@Suite struct DemoFrameTests {
    private static func view(user: String) -> DemoBoard.View {
        let row = DemoSlot.Row(item: "no such item with a very long name indeed", reason: "viewed-next", move: .up(12))
        let slot = DemoSlot(
            user: user, click: "puts in the cart: \(String(repeating: "x", count: 90))", rows: [row, row])
        return DemoBoard.View(
            part: .checking, sent: 50_000, liveSent: 20_000, taken: 10, counters: WorkerCounters(), generation: 12,
            listsRead: 123_456, tries: 1000, hits: 100, popularHits: 50, latency: (123.4, 1_234.5),
            slots: [slot, slot, slot], liveSeconds: 3)
    }

    /// A line that the terminal wraps makes every frame scroll.
    @Test(arguments: [(79, 24), (119, 40), (40, 24), (99, 30)])
    func everyFrameFitsItsTerminal(columns: Int, rows: Int) {
        let story = DemoStory(title: String(repeating: "t", count: 130), users: [], items: [], events: [], pastCount: 0)
        let frame = DemoFrame(
            story: story, address: "127.0.0.1:12345", total: 50_000, style: Style(isEnabled: true), columns: columns,
            itemsShown: DemoFrame.itemsShown(rows: rows))
        let lines = frame.lines(
            Self.view(user: "user-\u{1B}[2J"), rates: .init(events: 99_900, lists: 99_900), now: 100)
        #expect(lines.count < rows)
        for line in lines {
            #expect(displayWidth(line) <= columns, "\(line)")
            #expect(
                line.split(separator: "\u{1B}[0m", omittingEmptySubsequences: false).last?.contains("\u{1B}") != true)
        }
        // With columns enough nothing of the facts is lost.
        if columns >= 79 { #expect(lines[4].contains("1234.5 ms") && lines[5].contains("5.0%")) }
    }
}
