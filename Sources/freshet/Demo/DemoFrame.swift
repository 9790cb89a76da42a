import Pipeline
import ServiceKit

/// What the demo's screen shows at one moment, as lines: a pure function of the board.
struct DemoFrame {
    struct Rates {
        var events = 0.0
        var lists = 0.0
    }

    let story: DemoStory
    let address: String
    let total: Int
    let style: Style
    let columns: Int
    /// Items of each shopper's list.
    let itemsShown: Int

    /// Lines beside the shoppers' lists, and those of one shopper beside the items.
    static let fixedRows = 7
    static let rowsOfSlot = 2
    /// What the longest line takes; with less, words are shorter, and an item's category is left out.
    private static let wideColumns = 97
    private var isWide: Bool { columns >= Self.wideColumns }

    static func itemsShown(rows: Int) -> Int {
        min(6, max(2, (rows - fixedRows - 1) / 3 - rowsOfSlot))
    }

    /// None is wider than the columns: a terminal that wraps one would scroll at each frame.
    func lines(_ state: DemoBoard.View, rates: Rates, now: Double) -> [String] {
        let lines =
            [
                style.bold("Freshet") + "  "
                    + style.dim(
                        "librdkafka's embedded broker at \(address)" + (isWide ? ", the real Kafka protocol" : "")),
                style.dim(printable(story.title)), "", progress(state), facts(state, rates), quality(state),
            ] + state.slots.flatMap { [""] + slot($0, now: now) }
        return lines.map { cut($0, columns: columns) }
    }

    private func progress(_ state: DemoBoard.View) -> String {
        let label: String
        switch state.part {
        case .joining: label = "joining the group"
        case .catchingUp: label = "catching up"
        case .live: label = "live"
        case .checking: label = "checking by replay"
        case .following: label = "following"
        case .over: label = "done"
        }
        let share = total > 0 ? min(1, Double(state.sent) / Double(total)) : 1
        let width = max(10, columns - 49)
        let full = Int(share * Double(width))
        let bar =
            style.green(String(repeating: "█", count: full)) + style.dim(String(repeating: "░", count: width - full))
        let percent = padded("\(Int(share * 100))%", 4)
        let count = "\(HumanFormat.grouped(state.sent))/\(HumanFormat.grouped(max(total, state.sent))) events"
        return "\(bar) \(percent)  \(padded(count, 22))  \(style.cyan(label))"
    }

    private func facts(_ state: DemoBoard.View, _ rates: Rates) -> String {
        let lag = max(0, state.sent - state.taken)
        func milliseconds(_ value: Double?) -> String {
            value.map { "\(HumanFormat.fixed($0, digits: 1)) ms" } ?? "–"
        }
        return [
            "events/s " + style.bold(padded(HumanFormat.count(rates.events.rounded()), 5)),
            "lists/s " + style.bold(padded(HumanFormat.count(rates.lists.rounded()), 5)),
            (isWide ? "consumer lag " : "lag ") + style.bold(padded(HumanFormat.grouped(lag), 6)),
            (isWide ? "event to list p50 " : "latency p50 ")
                + style.bold(padded(milliseconds(state.latency.median), 7)),
            "p99 " + style.bold(padded(milliseconds(state.latency.high), 7)),
        ].joined(separator: gap)
    }

    private var gap: String { isWide ? "   " : "  " }

    private func quality(_ state: DemoBoard.View) -> String {
        let ours = DemoFrame.percent(state.hits, state.tries)
        let popular = DemoFrame.percent(state.popularHits, state.tries)
        return [
            "lists " + style.bold(padded(HumanFormat.grouped(state.listsRead), 6)),
            "rejected " + style.bold(padded("\(state.counters.rejected)", 3)),
            "model " + style.bold(padded(state.generation.map { "\($0)" } ?? "–", 2)),
            (isWide ? "next product in the list " : "next in list ") + style.bold(style.green(padded(ours, 5)))
                + (isWide ? ", in the most popular " : ", most popular ") + style.bold(padded(popular, 5)),
        ].joined(separator: gap)
    }

    private func slot(_ slot: DemoSlot, now: Double) -> [String] {
        guard !slot.user.isEmpty else { return Array(repeating: "", count: itemsShown + 1) }
        let name = printable(slot.user)
        let ago = max(0, now - slot.clickedAt)
        let isFresh = ago < 1.2
        let click = truncated(slot.click, columns: max(0, columns - displayWidth(name) - 3))
        let head = style.yellow(isFresh ? "● " : "○ ") + style.bold(name) + " " + (isFresh ? click : style.dim(click))
        var lines = [head]
        for (place, row) in slot.rows.prefix(itemsShown).enumerated() { lines.append(line(place, row)) }
        while lines.count < itemsShown + 1 { lines.append("") }
        return lines
    }

    private func line(_ place: Int, _ row: DemoSlot.Row) -> String {
        let label = story.itemPlaces[row.item].map { story.items[$0] }
        let name = fit(label?.name ?? row.item, max(20, columns - (isWide ? 66 : 46)))
        let category = isWide ? style.dim(fit(label?.category ?? "", 18)) + " " : ""
        let price = padded(label?.price.map { HumanFormat.fixed($0, digits: 2) } ?? "", 8)
        let move = row.move?.text ?? ""
        let moved: String
        switch row.move {
        case .new: moved = style.green(padded(move, 4))
        case .up: moved = style.cyan(padded(move, 4))
        default: moved = style.dim(padded(move, 4))
        }
        return "\(padded("\(place + 1)", 4)) \(moved)  \(name) \(category)\(price)  \(reason(row.reason))"
    }

    private func reason(_ reason: String) -> String {
        let text = PublishedList.meaning(ofReason: reason)
        switch reason {
        case "viewed-next": return style.cyan(text)
        case "for-you", "similar": return style.green(text)
        case "popular-in-category": return style.yellow(text)
        default: return style.dim(text)
        }
    }

    static func percent(_ part: Int, _ whole: Int) -> String {
        whole == 0 ? "–" : HumanFormat.fixed(100 * Double(part) / Double(whole), digits: 1) + "%"
    }

    /// To the right, in so many columns.
    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - displayWidth(text))) + text
    }

    /// To the left, in exactly so many columns.
    private func fit(_ text: String, _ width: Int) -> String {
        let short = truncated(text, columns: width)
        return short + String(repeating: " ", count: max(0, width - displayWidth(short)))
    }
}
