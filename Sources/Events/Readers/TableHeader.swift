/// Which column of a table holds which field of an event.
struct TableHeader: Equatable {
    /// Columns by `EventDecoder.Field`; -1 where the table has none.
    var columns = [Int](repeating: -1, count: EventDecoder.Field.count)
    /// The column of a MovieLens rating, or -1.
    var rating = -1

    init() {}

    /// Nil when no cell is the name of a field. Of two columns for one field a canonical name counts before an alias,
    /// then the first.
    init?(names: [String]) {
        var isAlias = [Bool](repeating: true, count: EventDecoder.Field.count)
        for (index, name) in names.enumerated() {
            if name == "rating" {
                rating = index
            } else if name == "movieId", columns[Int(EventDecoder.Field.item.rawValue)] < 0 {
                columns[Int(EventDecoder.Field.item.rawValue)] = index
            } else if let code = EventDecoder.code(ofName: name) {
                let field = Int(code & ~ObjectScanner.aliasBit)
                let alias = code & ObjectScanner.aliasBit != 0
                guard columns[field] < 0 || (isAlias[field] && !alias) else { continue }
                columns[field] = index
                isAlias[field] = alias
            }
        }
        if columns.allSatisfy({ $0 < 0 }) { return nil }
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

    /// Whether every event can have a user, an item, a time, and a type or a rating.
    var isComplete: Bool { self[.user] >= 0 && self[.item] >= 0 && self[.time] >= 0 && (self[.type] >= 0 || hasRating) }
}
