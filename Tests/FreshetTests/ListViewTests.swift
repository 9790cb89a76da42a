import Foundation
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct ListViewTests {
    private func shown(_ value: String, key: String = "u\u{1B}[2J", isJSON: Bool = false, user: String? = nil) throws
        -> String
    {
        let lines = Mutex<[String]>([])
        var view = ListView(style: Style(isEnabled: false), columns: 200, user: user, items: nil, isJSON: isJSON)
        view.print = { line in lines.withLock { $0.append(line) } }
        try Array(key.utf8).withUnsafeBytes { key in
            try Array(value.utf8).withUnsafeBytes { try view.take(key: key, value: $0) }
        }
        return lines.withLock { $0.joined(separator: "\n") }
    }

    private static let list =
        #"{"user_id":"u\u001b[2J","event_time":"2026\u001b","items":[{"product_id":"p\u001b[1m","score":1,"reason":"x"}],"#
        + #""continue_shopping":[{"product_id":"\u009b1m","score":1,"reason":"y"}],"provenance":{"partition":0,"#
        + #""offset":1,"items_offset":1,"generation":null,"configuration":"c","variant":"v","seed":0}}"#

    /// Records may come from anybody; none of them may move the cursor.
    @Test func recordsDoNotReachTheTerminalAsTheyAre() throws {
        for user in [nil, "u\u{1B}[2J"] {
            for value in [Self.list, "", "no list \u{1B}[2J"] {
                let text = try shown(value, user: user)
                #expect(!text.isEmpty && !text.contains("\u{1B}") && !text.contains("\u{9B}"), "\(text)")
            }
        }
        let raw = try shown("{\"a\":\r\n\"\u{9B}b\"}", isJSON: true)
        #expect(raw == #"{"a":  "\u009bb"}"#)
        #expect(try shown("", isJSON: true) == #"{"user_id":"u\u001b[2J","items":null}"#)
    }
}
