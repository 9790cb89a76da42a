import Foundation
import ServiceKit

/// A list as it was published beside the same list computed again.
struct ListComparison {
    let published: [UInt8]
    let again: [UInt8]

    /// Items, reasons, scores and all else, to the bit: the whole value of the record.
    var isIdentical: Bool { published == again }

    /// Both lists for people, place by place.
    func text() throws -> String {
        let old = try JSONDecoder().decode(PublishedList.self, from: Data(published))
        let new = try JSONDecoder().decode(PublishedList.self, from: Data(again))
        var lines = Self.lines("items", old.items, new.items)
        lines += Self.lines("continue_shopping", old.ownItems ?? [], new.ownItems ?? [])
        if isIdentical {
            lines.append("identical: computed again to the bit")
        } else {
            lines.append("DIFFERENT" + (old.items == new.items ? " outside of the items" : ""))
            lines.append(
                "(a list from before `freshet reset` cannot be made again: the item log that it names is gone)")
        }
        return lines.joined(separator: "\n")
    }

    private static func lines(_ name: String, _ old: [PublishedList.Item], _ new: [PublishedList.Item]) -> [String] {
        var lines = ["\(name):"]
        for place in 0..<max(old.count, new.count) {
            let before = place < old.count ? text(old[place]) : "no item"
            let after = place < new.count ? text(new[place]) : "no item"
            let isSame = place < old.count && place < new.count && old[place] == new[place]
            lines.append("  \(place + 1)  \(before)" + (isSame ? "" : "  DIFFERENT: now \(after)"))
        }
        return lines
    }

    private static func text(_ item: PublishedList.Item) -> String {
        printable("\(item.product)  \(item.score)  \(item.reason) (\(PublishedList.meaning(ofReason: item.reason)))")
    }

    func json(_ found: ExplainCommand.Found) -> String {
        "{\"partition\": \(found.partition), \"offset\": \(found.offset), \"identical\": \(isIdentical), "
            + "\"published\": \(oneLine(json: published)), "
            + "\"recomputed\": \(oneLine(json: again))}"
    }
}
