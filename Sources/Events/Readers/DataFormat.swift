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
    /// Any other table, with commas or tabs, whose header names an event's fields as `EventDecoder` knows them.
    case table

    /// Finds the format from a file's first lines; nil when it is none of these.
    /// - Parameter prefix: at least the first line, better 4 KB.
    public static func detect(prefix: UnsafeRawBufferPointer) -> DataFormat? {
        var text = Substring(decoding: prefix.prefix(65_536), as: UTF8.self)
        if text.unicodeScalars.first == "\u{FEFF}" { text = text.dropFirst() }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let first = lines.first(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
        if first.drop(while: \.isWhitespace).first == "{" { return .jsonLines }
        if let ratings = ratingColumns(first) { return ratings }
        let separator: Character = first.contains("\t") ? "\t" : ","
        let cells = first.split(separator: separator, omittingEmptySubsequences: false)
            .map { String($0.filter { $0 != "\"" }) }
        if let header = TableHeader(names: cells) {
            if header.hasRating { return header.isComplete ? .movieLens : nil }
            guard header.isComplete else { return nil }
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

    /// MovieLens without a header: four numbers between tabs or double colons.
    private static func ratingColumns(_ line: Substring) -> DataFormat? {
        for separator in ["\t", "::"] {
            let cells = line.split(separator: separator)
            if cells.count == 4, cells.allSatisfy({ isNumber(String($0)) }) { return .movieLens }
        }
        return nil
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 &- 48 < 10 || $0 == UInt8(ascii: ".") }
    }
}
