/// Data files that `DataFileReader` reads. The raw values are the names on the command line.
public enum DataFormat: String, CaseIterable, Sendable {
    /// Comma-separated with REES46's header.
    case rees46
    /// Taobao UserBehavior: as published (`user,item,category,behaviour,seconds`, no header), or with a header.
    case taobao
    /// Comma-separated with RetailRocket's header `timestamp,visitorid,event,itemid,transactionid`.
    case retailRocket = "retailrocket"
    /// MovieLens: `u.data` (tabs), `ratings.dat` (`::`) or `ratings.csv`; user, item, rating, seconds.
    case movieLens = "movielens"
    /// One JSON event a line.
    case jsonLines = "jsonl"
    /// Any other table, with commas, semicolons or tabs, whose header names an event's fields as `EventDecoder` knows them.
    /// Without a type or a rating its events are views.
    case table

    /// Finds the format from a file's first lines; nil when it is none of these.
    /// - Parameter prefix: at least the first line, better 4 KB.
    public static func detect(prefix: UnsafeRawBufferPointer) -> DataFormat? {
        let lines = lines(prefix)
        guard let first = lines.first else { return nil }
        if first.drop(while: \.isWhitespace).first == "{" { return .jsonLines }
        if let ratings = ratingColumns(lines) { return ratings }
        let cells = cells(first)
        if let header = TableHeader(names: cells) {
            guard header.missing.isEmpty else { return nil }
            if header.hasRating { return .movieLens }
            if cells.contains("event_time") && cells.contains("product_id") { return .rees46 }
            if cells.contains("visitorid") { return .retailRocket }
            return cells.contains("ts_ms") && cells.contains("category_id") ? .taobao : .table
        }
        let isTaobao = cells.count == 5 && isNumber(cells[0]) && isNumber(cells[1]) && isNumber(cells[4])
        let names = EventTypeNames.standard
        return isTaobao
            && cells[3].utf8CString.withUnsafeBytes { names.type(of: .init(rebasing: $0.dropLast())) } != nil
            ? .taobao : nil
    }

    /// What keeps a file whose first line looks like a table's from being read, for the person who has it; nil for a line
    /// that is no table's.
    public static func complaint(prefix: UnsafeRawBufferPointer) -> String? {
        guard let first = lines(prefix).first else { return nil }
        let cells = cells(first)
        guard cells.count > 1, first.first != "[" else { return nil }
        guard !cells.allSatisfy(isNumber) else {
            return cells.count < 6 ? "a table of \(cells.count) columns without a header that names them" : nil
        }
        let names = cells.prefix(12).map { "'\($0.prefix(40))'" }.joined(separator: ", ")
        let missing = (TableHeader(names: cells) ?? TableHeader()).missing
        guard !missing.isEmpty else { return nil }
        return "a table of \(names), in which no column is \(missing.joined(separator: ", or "))"
    }

    /// Those that are not blank.
    private static func lines(_ prefix: UnsafeRawBufferPointer) -> [Substring] {
        var text = Substring(decoding: prefix.prefix(65_536), as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text = text.dropFirst() }
        return text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    }

    private static func cells(_ line: Substring) -> [String] {
        let separator = Character(UnicodeScalar(TableCells.separator(of: line.utf8)))
        return line.split(separator: separator, omittingEmptySubsequences: false)
            .map { String($0.filter { $0 != "\"" }) }
    }

    /// MovieLens without a header: four numbers between tabs or double colons. Lines of a user and its items may have four
    /// too, but not all of them.
    private static func ratingColumns(_ lines: [Substring]) -> DataFormat? {
        for separator in ["\t", "::"] {
            let rows = lines.prefix(20).map { $0.split(separator: separator).map(String.init) }
            guard let first = rows.first, first.count == 4, first.allSatisfy(isNumber) else { continue }
            let numeric = rows.filter { $0.allSatisfy(isNumber) }
            if 2 * numeric.count(where: { $0.count == 4 }) > numeric.count { return .movieLens }
        }
        return nil
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 &- 48 < 10 || $0 == UInt8(ascii: ".") }
    }
}
