/// Which column of a table holds which field of an event.
struct TableHeader: Equatable {
    /// Columns by `EventDecoder.Field`; -1 where the table has none.
    var columns = [Int](repeating: -1, count: EventDecoder.Field.count)
    /// The column of a MovieLens rating, or -1.
    var rating = -1

    init() {}

    /// Nil when no cell is the name of a field. Of two columns for one field a canonical name counts before an alias,
    /// then the first.
    ///
    /// A name may carry RecBole's type of its column behind a colon: `user_id:token`.
    init?(names: [String]) {
        let names = names.map(Self.plain)
        var isAlias = [Bool](repeating: true, count: EventDecoder.Field.count)
        for (index, name) in names.enumerated() {
            if name == "rating" {
                rating = index
            } else if name == "movieId", columns[Int(EventDecoder.Field.item.rawValue)] < 0 {
                columns[Int(EventDecoder.Field.item.rawValue)] = index
            } else if let code = EventDecoder.code(ofName: Self.aliases[name] ?? name) {
                let field = Int(code & ~ObjectScanner.aliasBit)
                let alias = code & ObjectScanner.aliasBit != 0
                guard columns[field] < 0 || (isAlias[field] && !alias) else { continue }
                columns[field] = index
                isAlias[field] = alias
            }
        }
        if columns.allSatisfy({ $0 < 0 }) { return nil }
    }

    /// Names of Gorse's tables, which no JSON event has.
    private static let aliases = ["feedback_type": "type", "time_stamp": "time"]
    private static let columnTypes: Set<Substring> = ["token", "token_seq", "float", "float_seq"]

    private static func plain(_ name: String) -> String {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && columnTypes.contains(parts[1]) ? String(parts[0]) : name
    }

    static let taobao: TableHeader = {
        var header = TableHeader()
        for (index, field) in [EventDecoder.Field.user, .item, .categoryID, .type, .time].enumerated() {
            header.columns[Int(field.rawValue)] = index
        }
        return header
    }()

    static let movieLens: TableHeader = {
        var header = TableHeader()
        header.columns[Int(EventDecoder.Field.user.rawValue)] = 0
        header.columns[Int(EventDecoder.Field.item.rawValue)] = 1
        header.columns[Int(EventDecoder.Field.time.rawValue)] = 3
        header.rating = 2
        return header
    }()

    var hasRating: Bool { rating >= 0 }

    subscript(field: EventDecoder.Field) -> Int { columns[Int(field.rawValue)] }

    /// Whether nothing says what users did: then they viewed.
    var isUntyped: Bool { self[.type] < 0 && !hasRating }

    /// Columns without which there are no events, as a person would name them; none where every event can be whole.
    var missing: [String] {
        [
            (EventDecoder.Field.user, "a user (user_id)"), (.item, "an item (product_id, item_id)"),
            (.time, "a time (event_time, timestamp)"),
        ].filter { self[$0.0] < 0 }.map(\.1)
    }
}
