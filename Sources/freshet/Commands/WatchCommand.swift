import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet watch`
enum WatchCommand {
    static let command = Command(
        "watch", "Show lists as they are published.",
        discussion:
            "A line for each list, or with --user a table for each of that user's lists, with what has moved since "
            + "the one before. With --json the records as they are, one a line. Runs until it is interrupted, or to the "
            + "topic's end with --until-end; exit code 1 then where no list of --user was there to show.",
        options: Deployment.options + [
            .option("user", "ID", "Only this user's lists; the present one first."),
            .option(
                "from", "WHERE", "beginning or end; end by default, but with --user the beginning.",
                type: .oneOf(["beginning", "end"])),
            .option("items", "N", "Items shown of each list.", type: .int(1...1000)),
            .flag("json", "The values of the records, one a line."),
            .flag("until-end", "Stop at the topic's present end."),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let topic = deployment.topics.recommendations
        let partitions = try deployment.requireTopic(topic, deployment.reachedAdmin()).partitions.count
        let user = arguments["user"]
        guard !(arguments.flag("json") && arguments["items"] != nil) else {
            throw UsageError("--json prints the records as they are: leave out --items")
        }
        let from = arguments["from"] ?? (user == nil ? "end" : "beginning")
        let scan = try TopicScan(
            deployment, topic: topic, partitions: partitions,
            otherwise: from == "end" ? PartitionOffset.end : PartitionOffset.beginning)
        var view = ListView(
            style: Style(for: .standardOutput),
            // Whoever reads it from a pipe wants all of it.
            columns: LineOutput.standardOutput.isTerminal ? LineOutput.standardOutput.columns : Int.max / 2, user: user,
            items: arguments.int("items"), isJSON: arguments.flag("json"))
        // Of what one user had before, only the last is of interest, unless the whole story was asked for.
        view.holdsBack = user != nil && arguments["from"] == nil
        if user == nil, !view.isJSON { LineOutput.standardError.write(line: "lists of \(topic), Ctrl-C ends") }
        var saysNone = false
        let endsAtEnd = arguments.flag("until-end")
        while !(endsAtEnd && scan.isAtEnd) {
            _ = try scan.poll { message in
                try view.take(key: message.key, value: message.value)
                return true
            }
            if LineOutput.standardOutput.isReaderGone { return 0 }
            // What the write said is told at the end.
            if LineOutput.standardOutput.failure != nil { return 74 }
            if endsAtEnd { try scan.checkPatience() }
            if scan.isAtEnd {
                view.release()
                if let user, from == "beginning", view.taken == 0, !saysNone {
                    saysNone = true
                    LineOutput.standardError.write(line: "there is no list of user '\(user)' in \(topic) so far")
                }
            }
        }
        view.release()
        return user != nil && view.taken == 0 ? 1 : 0
    }
}

/// Prints lists for people or programs.
struct ListView {
    let style: Style
    let columns: Int
    let user: String?
    let items: Int?
    let isJSON: Bool
    /// Keeps a list back until `release`, or until another one takes its place.
    var holdsBack = false
    var print: (String) -> Void = { LineOutput.standardOutput.write(line: $0) }

    /// Lists of those that were asked for.
    private(set) var taken = 0
    private let decoder = JSONDecoder()
    private var before: [String]?
    private var held: [String]?

    init(style: Style, columns: Int, user: String?, items: Int?, isJSON: Bool) {
        self.style = style
        self.columns = columns
        self.user = user
        self.items = items
        self.isJSON = isJSON
    }

    mutating func take(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) throws {
        let name = readable(key)
        guard user == nil || name.utf8.elementsEqual(user?.utf8 ?? "".utf8) else { return }
        guard let value, value.count > 0 else {
            before = nil
            return emit([isJSON ? #"{"user_id":\#(jsonString(name)),"items":null}"# : "\(printable(name))  erased"])
        }
        taken += 1
        guard !isJSON else { return emit([oneLine(json: value)]) }
        guard let list = try? decoder.decode(PublishedList.self, from: Data(value)) else {
            return emit([style.red("\(printable(name))  not a list: \(truncated(readable(value), columns: 60))")])
        }
        emit(user == nil ? [line(list)] : table(list))
        before = list.items.map(\.product)
    }

    /// Prints what was kept back; from now on lists are printed as they come.
    mutating func release() {
        holdsBack = false
        held?.forEach(print)
        held = nil
    }

    private mutating func emit(_ lines: [String]) {
        if holdsBack { held = lines } else { lines.forEach(print) }
    }

    private func line(_ list: PublishedList) -> String {
        let source = list.provenance
        let head = "\(Self.time(printable(list.time)))  \(pad(printable(list.user), 14))  "
        let generation = source.generation.map { "gen \($0)" } ?? "gen –"
        let place = pad("\(source.partition)@\(source.offset)", 10)
        let items = list.items.prefix(items ?? 5).map { "\($0.product) \($0.reason)" }.joined(separator: " · ")
        return "\(style.dim(head))\(style.dim(place))  \(style.dim(pad(generation, 7)))  "
            + truncated(items, columns: max(20, columns - displayWidth(head) - 22))
    }

    private func table(_ list: PublishedList) -> [String] {
        let moves = Move.moves(from: before, to: list.items.map(\.product))
        var table = TextTable([
            .init("#", .right), .init("", .right), .init("product"), .init("category", widthMax: 36),
            .init("price", .right),
            .init("score", .right), .init("reason"),
        ])
        for (place, item) in list.items.enumerated().prefix(items ?? 20) {
            table.append([
                "\(place + 1)", moves[place]?.text ?? "", item.product, item.category ?? "",
                item.price.map { HumanFormat.fixed($0, digits: 2) } ?? "", HumanFormat.fixed(item.score, digits: 4),
                PublishedList.meaning(ofReason: item.reason),
            ])
        }
        let source = list.provenance
        let generation = source.generation.map { "generation \($0)" } ?? "no generation yet"
        let head =
            style.bold(printable(list.user))
            + style.dim(
                "  \(printable(list.time))  from events[\(source.partition)]@\(source.offset), items@\(source.itemsOffset), \(generation)"
            )
        var lines = [head] + table.render(style: style).split(separator: "\n").map(String.init)
        if list.items.isEmpty {
            lines.append(style.dim("no item is left to recommend"))
        }
        if let own = list.ownItems, !own.isEmpty {
            lines.append(
                style.dim("continue with: ")
                    + printable(own.map { "\($0.product) (\($0.reason))" }.joined(separator: ", ")))
        }
        return lines + [""]
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - displayWidth(text)))
    }

    /// `2019-10-01T02:49:59.000Z` without what nobody reads.
    private static func time(_ text: String) -> String {
        text.count > 19 ? String(text.prefix(19)).replacing("T", with: " ") : text
    }
}
