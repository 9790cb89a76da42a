import Events
import FeatureStore
import Foundation
import Models
import Pipeline
import ServiceKit

/// `freshet state show`, `items` and `size`.
extension StateCommand {
    private static let json = Option.flag("json", "Print JSON.")

    static let show = Command(
        "show", "Print what is known of a user: counters, sessions, history, as committed.",
        arguments: [Argument("user", "The user's id.")], options: Deployment.options + [json]
    ) { arguments in
        let worker = try restore(Deployment(arguments))
        var id = arguments.required("user")
        let found = id.withUTF8 { worker.state(of: UnsafeRawBufferPointer($0)) }
        guard let found else { throw CommandFailure("there is no user '\(id)'", exitCode: 1) }
        if arguments.flag("json") {
            let row = id.withUTF8 { worker.featureRow(ofUser: UnsafeRawBufferPointer($0)) } ?? []
            let history = found.state.entries.reversed().map { json($0, found.state, worker) }
            print(
                "{\"partition\": \(found.partition), \"offset\": \(found.state.offset), \"features\": \(oneLine(json: row)), "
                    + "\"history\": [\(history.joined(separator: ", "))]}")
        } else {
            for line in describe(id, found.state, partition: found.partition, worker) { print(printable(line)) }
        }
        return 0
    }

    static let items = Command(
        "items", "Print what is known of an item: attributes, counters, neighbours.",
        arguments: [Argument("item", "The item's id.")], options: Deployment.options + [json]
    ) { arguments in
        let worker = try restore(Deployment(arguments))
        var id = arguments.required("item")
        let number = id.withUTF8 { worker.findItem(UnsafeRawBufferPointer($0)) }
        guard let number else { throw CommandFailure("there is no item '\(id)'", exitCode: 1) }
        if arguments.flag("json") {
            let row = id.withUTF8 { worker.featureRow(ofItem: UnsafeRawBufferPointer($0)) } ?? []
            let related = id.withUTF8 { worker.relatedItems(of: UnsafeRawBufferPointer($0)) }
            print(
                "{\"features\": \(oneLine(json: row)), \"related\": " + (related.map { oneLine(json: $0) } ?? "null")
                    + "}")
        } else {
            for line in describe(id, number, worker.items.table) { print(printable(line)) }
        }
        return 0
    }

    static let size = Command(
        "size", "Print how many users and items there are, and the memory that they take.",
        options: Deployment.options + [json]
    ) { arguments in
        let worker = try restore(Deployment(arguments))
        let stores = worker.partitions.values.map(\.store)
        let users = stores.reduce(0) { $0 + $1.count }
        let bytes = stores.reduce(0) { $0 + $1.byteCount }
        // What tables have before the first user comes is no user's.
        let empty = UserStore().byteCount * stores.count
        let table = worker.items.table
        if arguments.flag("json") {
            print(
                "{\"users\": \(users), \"user_bytes\": \(bytes), \"table_bytes\": \(empty), \"partitions\": \(stores.count), "
                    + "\"items\": \(table.liveCount), \"items_offset\": \(worker.items.offset)}")
        } else {
            let own = max(0, bytes - empty)
            let each = users > 0 ? " (\(own / users) B each)" : ""
            print("users       \(HumanFormat.grouped(users)) in \(HumanFormat.counted(stores.count, "partition"))")
            print(
                "user bytes  \(HumanFormat.grouped(own))\(each), beside \(HumanFormat.grouped(bytes - own)) of empty tables"
            )
            print("items       \(HumanFormat.grouped(table.liveCount)), item log at \(worker.items.offset)")
        }
        return 0
    }

    // MARK: - Text

    private static func describe(_ id: String, _ state: UserState, partition: Int32, _ worker: Worker) -> [String] {
        let table = worker.items.table
        var lines = ["user \(id): partition \(partition), state includes offset \(state.offset)"]
        lines.append("events    \(counts(state.counts))")
        lines.append("seen      \(time(state.firstTime)) to \(time(state.latestTime))")
        lines.append(
            "sessions  \(state.sessions); the last since \(time(state.sessionStart)), "
                + HumanFormat.counted(Int(state.sessionEvents), "event"))
        if state.priceCount > 0 {
            let mean = HumanFormat.fixed(state.priceSum / Double(state.priceCount), digits: 2)
            lines.append("prices    mean \(mean) of \(state.priceCount)")
        }
        lines.append("history   " + listed(state.entries.count, "item", order: "the newest first"))
        for entry in state.entries.reversed() {
            lines.append(
                "  \(text(table.identifiers, entry.item))  rating "
                    + "\(HumanFormat.fixed(rating(entry, state, worker), digits: 3))  "
                    + touches(entry).map { "\($0.type) \($0.time)" }.joined(separator: ", "))
        }
        return lines
    }

    private static func json(_ entry: HistoryEntry, _ state: UserState, _ worker: Worker) -> String {
        let times = touches(entry).map { "\"\($0.type)\": \"\($0.time)\"" }
        return "{\"product_id\": \(jsonString(text(worker.items.table.identifiers, entry.item))), "
            + "\"rating\": \(rating(entry, state, worker)), \"times\": {\(times.joined(separator: ", "))}}"
    }

    private static func rating(_ entry: HistoryEntry, _ state: UserState, _ worker: Worker) -> Double {
        entry.rating.rating(at: state.latestTime, scale: worker.settings.scale, decay: worker.settings.decay)
    }

    /// The latest event of each type.
    private static func touches(_ entry: HistoryEntry) -> [(type: String, time: String)] {
        EventType.allCases.filter(\.touchesItem).compactMap { type in
            entry.rating.latest(type).map { (type.name, DecisionText.time($0)) }
        }
    }

    private static func describe(_ id: String, _ item: IdentifierTable.Number, _ table: ItemTable) -> [String] {
        let attributes = table.attributes(item)
        var lines = ["item \(id)" + (attributes.isAvailable ? "" : " (not available)")]
        func add(_ name: String, _ word: IdentifierTable.Number) {
            if word != IdentifierTable.none { lines.append("\(name)\(text(table.words, word))") }
        }
        add("title       ", attributes.title)
        add("category    ", attributes.category)
        add("code        ", attributes.categoryCode)
        add("brand       ", attributes.brand)
        if !attributes.price.isNaN { lines.append("price       \(attributes.price)") }
        lines.append("events      \(counts(attributes.counts))")
        lines.append("seen        \(time(attributes.firstSeen)) to \(time(attributes.lastSeen))")
        var neighbours: [(item: IdentifierTable.Number, visits: Float)] = []
        table.covisitation.forEachNeighbour(of: item) { neighbours.append(($0, $1)) }
        neighbours.sort { a, b in
            a.visits != b.visits ? a.visits > b.visits : table.identifiers.precedes(a.item, b.item)
        }
        lines.append("neighbours  " + listed(neighbours.count, "item", order: "the strongest first"))
        for neighbour in neighbours.prefix(20) {
            lines.append(
                "  \(text(table.identifiers, neighbour.item))  "
                    + HumanFormat.fixed(Double(neighbour.visits), digits: 3))
        }
        return lines
    }

    private static func counts(_ counts: SIMD4<UInt32>) -> String {
        func counted(_ count: UInt32, _ noun: String) -> String { HumanFormat.counted(Int(count), noun) }
        return
            "\(counted(counts[0], "view")), \(counted(counts[1], "removal")) from the cart, "
            + "\(counts[2]) into the cart, \(counted(counts[3], "purchase"))"
    }

    /// The head of a list, which says in which order it is where it has one.
    private static func listed(_ count: Int, _ noun: String, order: String) -> String {
        HumanFormat.counted(count, noun) + (count > 1 ? ", \(order)" : "") + (count > 0 ? ":" : "")
    }

    private static func text(_ table: IdentifierTable, _ number: IdentifierTable.Number) -> String {
        String(decoding: table.bytes(number), as: UTF8.self)
    }

    /// A time of an item; one that only the catalogue knows has none.
    static func time(_ milliseconds: Int64?) -> String { milliseconds.map { DecisionText.time($0) } ?? "never" }
}
