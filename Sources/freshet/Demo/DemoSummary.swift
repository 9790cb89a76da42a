import Events
import Pipeline
import ServiceKit

/// What the demo says at its end.
struct DemoSummary {
    struct Check {
        var live: DemoService.Hashes
        var rebuilt: DemoService.Hashes

        var isIdentical: Bool { live == rebuilt }
    }

    let state: DemoBoard.View
    /// nil when the demo was stopped before.
    let check: Check?

    var exitCode: Int32 { check.map { $0.isIdentical ? 0 : 1 } ?? 130 }

    func lines(style: Style) -> [String] {
        let counters = state.counters
        let rate = state.liveSeconds > 0 ? Double(state.liveSent) / state.liveSeconds : 0
        let reasons = counters.rejections.text
        func milliseconds(_ value: Double?) -> String {
            value.map { HumanFormat.fixed($0, digits: 1) + " ms" } ?? "–"
        }
        func row(_ name: String, _ text: String) -> String {
            "  " + style.dim(name + String(repeating: " ", count: max(1, 14 - name.count))) + text
        }
        var lines =
            [
                style.bold("What happened"),
                row(
                    "events",
                    "\(style.bold(HumanFormat.grouped(state.sent))) sent, \(HumanFormat.grouped(counters.events)) learnt; "
                        + "\(HumanFormat.grouped(state.liveSent)) of them live in \(HumanFormat.fixed(state.liveSeconds, digits: 0)) s "
                        + "(\(HumanFormat.fixed(rate, digits: 0))/s)"),
                row(
                    "rejected",
                    style.bold("\(counters.rejected)") + (reasons.isEmpty ? "" : " → the dead-letter topic")),
            ] + (reasons.isEmpty ? [] : [row("", reasons)]) + [
                row(
                    "lists",
                    "\(style.bold(HumanFormat.grouped(state.listsRead))) read; \(HumanFormat.grouped(counters.unchanged)) came out unchanged "
                        + "and were not published"),
                row(
                    "event to list",
                    "p50 \(style.bold(milliseconds(state.latency.median))), p99 \(style.bold(milliseconds(state.latency.high)))"
                ),
                row(
                    "hit rate",
                    "the next new product was in the list \(style.bold(style.green(DemoFrame.percent(state.hits, state.tries)))) "
                        + "of \(HumanFormat.grouped(state.tries)) times;"),
                row(
                    "",
                    "among the 20 most popular products \(style.bold(DemoFrame.percent(state.popularHits, state.tries)))"
                ),
            ]
        lines.append(row("replay check", verdict(style)))
        if let check, check.isIdentical {
            lines.append(
                row("", style.dim("users \(check.live.users.prefix(12)), items \(check.live.items.prefix(12))")))
        }
        return lines
    }

    private func verdict(_ style: Style) -> String {
        guard let check else { return style.yellow("not done: the demo was stopped") }
        guard !check.isIdentical else {
            return style.bold(style.green("state rebuilt from the log: identical"))
        }
        let users = "users \(check.live.users) live, \(check.rebuilt.users) rebuilt"
        let items =
            "items \(check.live.items)@\(check.live.itemsOffset), \(check.rebuilt.items)@\(check.rebuilt.itemsOffset)"
        return style.red("state rebuilt from the log: DIFFERENT (\(users); \(items))")
    }

    /// Lines to copy into another terminal.
    static func joiningIn(_ deployment: Deployment, product: String) -> [String] {
        let topics = deployment.topics
        let broker = deployment.bootstrap
        let event = #"you:{"user_id":"you","product_id":"\#(product)","event_type":"view","event_time":'$(date +%s)'}"#
        return [
            "", "Join in from another terminal (Ctrl-C here ends it):",
            "  kcat -b \(broker) -t \(topics.recommendations) -C -o end -u -f '%k %s\\n' | grep ^you",
            "  echo '\(event)' | kcat -b \(broker) -t \(topics.events) -P -K: -X topic.partitioner=murmur2_random",
            "  kcat -b \(broker) -t \(topics.deadLetters) -C -e -f '%h %s\\n'",
        ]
    }
}
