/// Decodes events from JSON: REES46's field names, and their usual aliases (README, "Events and lists").
///
/// - The value is one JSON object, strictly RFC 8259 and UTF-8, nested at most 64 levels; a byte order mark is an error.
///   Unknown fields are checked as JSON and ignored.
/// - Of a name that occurs more than once the last one counts, as in Foundation. A canonical name counts before the
///   aliases of its field, wherever they stand, unless its value is absent: some converters write every column.
/// - An id is a string or an integer, which becomes its decimal text; a number with a fraction or an exponent is none.
/// - null and the empty string are absent. `user_id`, `event_type`, `event_time`, and except in `user_deleted`
///   `product_id` must be present. Of the other fields a value of a wrong shape counts as absent.
/// - A price is a number or a string that holds one; one that is negative or above 10¹² counts as absent.
///
/// One decoder serves one thread. It allocates only when a value is larger than all before it, and for numbers of more
/// digits than a Double holds.
public final class EventDecoder {
    enum Field: UInt8 {
        case time, type, item, categoryID, categoryCode, brand, price, user, session, eventID
        static let count = 10
    }

    /// Bytes that an id, a category code or a brand may have.
    public static let idBytesMax = 256

    static let fieldNames = NameTable(
        canonical.map { ($0.0, $0.1.rawValue) }
            + aliases.flatMap { names, field in
                names.map { ($0, field.rawValue | ObjectScanner.aliasBit) }
            })

    private static let canonical: [(String, Field)] = [
        ("event_time", .time), ("event_type", .type), ("product_id", .item), ("category_id", .categoryID),
        ("category_code", .categoryCode), ("brand", .brand), ("price", .price), ("user_id", .user),
        ("user_session", .session), ("event_id", .eventID),
    ]

    private static let aliases: [([String], Field)] = [
        (["timestamp", "ts", "ts_ms", "time", "eventTime"], .time),
        (["type", "event", "eventType"], .type),
        (["item_id", "itemid", "itemId", "item", "product", "productId"], .item),
        (["category", "categoryid", "categoryId"], .categoryID),
        (["categoryCode"], .categoryCode),
        (["visitorid", "visitor_id", "visitorId", "userid", "userId", "user"], .user),
        (["session_id", "sessionId", "session"], .session),
        (["eventId", "eventid"], .eventID),
    ]

    /// A field's code for its name or alias, which `ObjectScanner.aliasBit` marks; nil for other names.
    static func code(ofName name: String) -> UInt8? {
        (canonical.first { $0.0 == name }?.1.rawValue)
            ?? (aliases.first { $0.0.contains(name) }?.1.rawValue).map { $0 | ObjectScanner.aliasBit }
    }

    private let scanner: ObjectScanner
    private let fields = EventDecoder.fieldNames
    private let typeNames: EventTypeNames

    /// - Parameter typeNames: what the types of events are called in the input.
    public init(typeNames: EventTypeNames = .standard) {
        self.typeNames = typeNames
        scanner = ObjectScanner()
    }

    /// Like another one of the same thread, with which it shares what it learns of the fields' order.
    public init(learningWith other: EventDecoder) {
        typeNames = other.typeNames
        scanner = ObjectScanner(learningWith: other.scanner)
    }

    /// Nil when `event` holds the decoded event; else why not, and `event` is unspecified.
    public func decode(_ bytes: UnsafeRawBufferPointer, into event: inout ShopEvent) -> Rejection? {
        if let rejection = scanner.scan(bytes, names: fields, fields: Field.count) { return rejection }
        if let rejection = required(&event) { return rejection }
        guard optional(.categoryID, &event.categoryID), optional(.categoryCode, &event.categoryCode),
            optional(.brand, &event.brand), optional(.session, &event.session), optional(.eventID, &event.eventID)
        else { return Rejection(.tooLongID) }
        event.price = price(slot(.price))
        return nil
    }

    @inline(__always)
    private func slot(_ field: Field) -> ObjectScanner.Slot {
        scanner.slots[Int(field.rawValue)]
    }

    @inline(__always)
    private func rejection(_ code: RejectionCode, _ finding: Rejection.Finding, _ slot: ObjectScanner.Slot) -> Rejection
    {
        Rejection(code, finding, slot.start - scanner.memory.pointee.base)
    }

    @inline(__always)
    private func required(_ event: inout ShopEvent) -> Rejection? {
        let type = slot(.type)
        guard !type.isAbsent else { return Rejection(.missingType) }
        guard type.kind == .string, let known = typeNames.type(ofPadded: type.start, count: type.count) else {
            return rejection(.unknownType, .inType, type)
        }
        event.type = known

        let user = slot(.user)
        guard !user.isAbsent else { return Rejection(.missingUser) }
        guard user.isText else { return rejection(.badUser, .inUser, user) }
        event.user = user.text
        guard event.user.count <= Self.idBytesMax else { return rejection(.tooLongID, .inUser, user) }

        let item = slot(.item)
        if known.touchesItem {
            guard !item.isAbsent else { return Rejection(.missingItem) }
            guard item.isText else { return rejection(.badItem, .inItem, item) }
            event.item = item.text
            guard event.item.count <= Self.idBytesMax else { return rejection(.tooLongID, .inItem, item) }
        } else {
            event.item = UnsafeRawBufferPointer(start: nil, count: 0)
        }

        let time = slot(.time)
        guard !time.isAbsent else { return Rejection(.missingTime) }
        guard time.kind == .string || time.isNumber,
            let milliseconds = EventTime.milliseconds(UnsafePointer(time.start), time.count)
        else { return rejection(.badTime, .inTime, time) }
        event.time = milliseconds
        return nil
    }

    /// False when the text is too long.
    @inline(__always)
    private func optional(_ field: Field, _ text: inout UnsafeRawBufferPointer) -> Bool {
        let slot = slot(field)
        text = slot.isText ? slot.text : UnsafeRawBufferPointer(start: nil, count: 0)
        return text.count <= Self.idBytesMax
    }

    @inline(__always)
    private func price(_ slot: ObjectScanner.Slot) -> Double {
        slot.isNumber || slot.kind == .string ? Price.parse(UnsafePointer(slot.start), slot.count) : .nan
    }
}

extension ObjectScanner.Slot {
    @inline(__always)
    var isNumber: Bool { kind == .integer || kind == .decimal }

    /// Whether the value can be an id.
    @inline(__always)
    var isText: Bool { kind == .string || kind == .integer }

    /// The bytes of a string, or of an integer's decimal text, in which minus zero is zero.
    @inline(__always)
    var text: UnsafeRawBufferPointer {
        if kind == .integer && count == 2 && start[0] == UInt8(ascii: "-") && start[1] == UInt8(ascii: "0") {
            return UnsafeRawBufferPointer(start: start + 1, count: 1)
        }
        return UnsafeRawBufferPointer(start: start, count: count)
    }
}
