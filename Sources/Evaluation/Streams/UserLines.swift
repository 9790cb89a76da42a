internal import Events

/// Lines of a user and its items, numbers with spaces between them: the layout of LightGCN's and RecZoo's data sets. Tabs
/// and commas part them as well.
enum UserLines {
    /// Appends each item as a view at time 0.
    static func read(
        _ bytes: UnsafeRawBufferPointer, into stream: EventStream
    ) throws(EventStreamReader.Failure) {
        var line = 0
        var event = ShopEvent()
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            line += 1
            var isFirst = true
            for word in text.split(whereSeparator: isBetween) {
                let word = UnsafeRawBufferPointer(rebasing: word)
                guard isNumber(word) else {
                    throw EventStreamReader.Failure(
                        line: line, message: "not a user and its items, numbers with spaces, tabs or commas")
                }
                if isFirst {
                    event.user = word
                    isFirst = false
                } else {
                    event.item = word
                    stream.append(event)
                }
            }
        }
    }

    /// Whether a file's first line looks like this layout: at least two numbers, and nothing but spaces, tabs or commas
    /// between them. A few numbers with tabs or commas whose last one is as large as a time are the row of a table that has
    /// lost its header: read as items, times would be items.
    static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let line = UnsafeRawBufferPointer(
            rebasing: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        let words = line.split(whereSeparator: isBetween)
        guard words.count > 1, words.allSatisfy({ isNumber(UnsafeRawBufferPointer(rebasing: $0)) }) else {
            return false
        }
        let isTabled = line.contains { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
        return !(isTabled && 3...5 ~= words.count && (words.last?.count ?? 0) >= 9)
    }

    private static func isBetween(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: ",")
            || byte == UInt8(ascii: "\r")
    }

    private static func isNumber(_ word: UnsafeRawBufferPointer) -> Bool {
        word.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
