internal import Events

/// Reads a data set's bytes into a stream: JSON lines, comma-separated events with a header (REES46, Taobao), or
/// MovieLens' `u.data`, whose ratings of 4 and 5 count as purchases and whose others are left out.
public struct EventStreamReader {
    /// Why bytes are no data set.
    public struct Failure: Error, CustomStringConvertible, Equatable {
        /// From 1.
        public var line: Int
        public var message: String

        public var description: String { "line \(line): \(message)" }
    }

    /// The columns of a comma-separated file.
    private enum Column {
        case time, type, item, user, category, code, brand, price, eventID, other
    }

    private static let columns: [String: Column] = [
        "event_time": .time, "ts_ms": .time, "timestamp": .time, "event_type": .type, "event": .type,
        "product_id": .item, "item_id": .item, "itemid": .item, "user_id": .user, "visitorid": .user,
        "category_id": .category, "category_code": .code, "brand": .brand, "price": .price, "event_id": .eventID,
    ]

    private let decoder = EventDecoder()
    private let types = EventTypeNames.standard

    public init() {}

    /// The events, in the order of their times.
    public func read(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> EventStream {
        let stream = EventStream()
        var header: [Column]?
        var line = 0
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            let last = end > start && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
            let text = UnsafeRawBufferPointer(rebasing: bytes[start..<last])
            start = end + 1
            line += 1
            guard !text.isEmpty else { continue }
            if text[0] == UInt8(ascii: "{") {
                var event = ShopEvent()
                if let rejection = decoder.decode(text, into: &event) {
                    throw Failure(line: line, message: "\(rejection)")
                }
                stream.append(event)
            } else if let columns = header {
                stream.append(try commaSeparated(text, columns, line))
            } else if text.contains(UInt8(ascii: "\t")) {
                if let event = try movieLens(text, line) { stream.append(event) }
            } else {
                header = try readHeader(text, line)
            }
        }
        stream.sortByTime()
        return stream
    }

    private func readHeader(_ text: UnsafeRawBufferPointer, _ line: Int) throws(Failure) -> [Column] {
        let columns = fields(text, UInt8(ascii: ",")).map {
            Self.columns[String(decoding: $0, as: UTF8.self)] ?? Column.other
        }
        let needed: [Column] = [.time, .type, .item, .user]
        guard needed.allSatisfy({ columns.contains($0) }) else {
            throw Failure(
                line: line, message: "neither JSON nor a header with time, event type, product and user")
        }
        return columns
    }

    private func commaSeparated(
        _ text: UnsafeRawBufferPointer, _ columns: [Column], _ line: Int
    ) throws(Failure) -> ShopEvent {
        var event = ShopEvent()
        var time: Int64?
        var type: EventType?
        for (column, field) in zip(columns, fields(text, UInt8(ascii: ","))) where !field.isEmpty {
            switch column {
            case .time: time = EventTime.milliseconds(field)
            case .type: type = types.type(of: field)
            case .item: event.item = field
            case .user: event.user = field
            case .category: event.categoryID = field
            case .code: event.categoryCode = field
            case .brand: event.brand = field
            case .price: event.price = Double(String(decoding: field, as: UTF8.self)) ?? .nan
            case .eventID: event.eventID = field
            case .other: break
            }
        }
        guard let time, let type, !event.item.isEmpty, !event.user.isEmpty else {
            throw Failure(line: line, message: "no event: its time, type, product or user is missing or unknown")
        }
        event.time = time
        event.type = type
        return event
    }

    /// user, item, rating, epoch seconds.
    private func movieLens(_ text: UnsafeRawBufferPointer, _ line: Int) throws(Failure) -> ShopEvent? {
        let fields = fields(text, UInt8(ascii: "\t"))
        guard fields.count == 4, let time = EventTime.milliseconds(fields[3]), fields[2].count == 1 else {
            throw Failure(line: line, message: "not user, item, rating and time between tabs")
        }
        guard fields[2][0] >= UInt8(ascii: "4") else { return nil }
        var event = ShopEvent()
        event.type = .purchase
        event.time = time
        event.user = fields[0]
        event.item = fields[1]
        return event
    }

    private func fields(_ text: UnsafeRawBufferPointer, _ separator: UInt8) -> [UnsafeRawBufferPointer] {
        text.split(separator: separator, omittingEmptySubsequences: false).map {
            UnsafeRawBufferPointer(rebasing: $0)
        }
    }
}
