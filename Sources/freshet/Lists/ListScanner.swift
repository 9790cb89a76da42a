import Foundation
import Pipeline

/// Reads what the demo needs of a list without decoding all of it: Foundation's decoder takes some ten thousand lists a
/// second, and a new generation brings thousands at once. Knows only what `ListEncoder` writes; nil for anything else.
struct ListScanner {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    static func scan(_ bytes: UnsafeRawBufferPointer) -> PublishedList? {
        // Escapes are the decoder's business.
        guard !bytes.contains(UInt8(ascii: "\\")) else { return nil }
        var scanner = ListScanner(bytes: bytes)
        return scanner.list()
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func list() -> PublishedList? {
        guard skip("\"user_id\":\""), let user = text(), skip("\"event_time\":\""), let time = text(),
            skip("\"items\":["), let end = find("],\"continue_shopping\":")
        else { return nil }
        var items: [PublishedList.Item] = []
        while let start = find("{\"product_id\":\""), start < end {
            position = start + 15
            guard let product = text(), skip("\"reason\":\""), let reason = text() else { return nil }
            items.append(.init(product: product, score: 0, reason: reason, category: nil, price: nil))
        }
        position = end
        guard skip("\"provenance\":{\"partition\":"), let partition = integer(), skip("\"offset\":"),
            let offset = integer(),
            skip("\"items_offset\":"), let itemsOffset = integer(), skip("\"generation\":")
        else { return nil }
        let source = ListProvenance(
            partition: Int32(truncatingIfNeeded: partition), offset: offset, itemsOffset: itemsOffset,
            generation: integer().map { Int($0) })
        return PublishedList(user: user, time: time, items: items, ownItems: nil, provenance: source)
    }

    private func find(_ pattern: StaticString) -> Int? {
        let (wanted, count) = (pattern.utf8Start, pattern.utf8CodeUnitCount)
        guard bytes.count >= count, let base = bytes.baseAddress else { return nil }
        for start in position..<max(position, bytes.count - count + 1)
        where bytes[start] == wanted[0] && memcmp(base + start, wanted, count) == 0 {
            return start
        }
        return nil
    }

    private mutating func skip(_ pattern: StaticString) -> Bool {
        guard let found = find(pattern) else { return false }
        position = found + pattern.utf8CodeUnitCount
        return true
    }

    /// Up to the closing quotes.
    private mutating func text() -> String? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        defer { position = end + 1 }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<end]), as: UTF8.self)
    }

    /// nil where no digits stand.
    private mutating func integer() -> Int64? {
        var value: Int64?
        while position < bytes.count, bytes[position] &- 48 < 10 {
            value = (value ?? 0) &* 10 &+ Int64(bytes[position] &- 48)
            position += 1
        }
        return value
    }
}
