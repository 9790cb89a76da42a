internal import Events

/// Lines of a user and its items, numbers with spaces between them: the layout of LightGCN's and RecZoo's data sets.
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
            for word in text.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) {
                let word = UnsafeRawBufferPointer(rebasing: word)
                guard isNumber(word) else {
                    throw EventStreamReader.Failure(
                        line: line, message: "not a user and its items, numbers with spaces")
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

    /// Whether a file's first line looks like this layout: at least two numbers, and nothing but spaces between them.
    static func isLikely(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let line = UnsafeRawBufferPointer(
            rebasing: bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") })
        let words = line.split(separator: UInt8(ascii: " "))
        return words.count > 1 && words.allSatisfy { isNumber(UnsafeRawBufferPointer(rebasing: $0)) }
    }

    private static func isNumber(_ word: UnsafeRawBufferPointer) -> Bool {
        word.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
