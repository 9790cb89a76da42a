/// Names of event types in the input, built once and then only read. Names are compared byte by byte, so case counts:
/// `View` is unknown unless it is among the aliases.
public struct EventTypeNames: Sendable {
    /// The aliases that are known without configuration, beside the canonical names.
    public static let standardAliases: [(String, EventType)] = [
        ("pv", .view), ("click", .view), ("detail", .view), ("page_view", .view), ("view_item", .view),
        ("addtocart", .cart), ("add_to_cart", .cart), ("add-to-cart", .cart), ("fav", .cart), ("favourite", .cart),
        ("favorite", .cart), ("removefromcart", .removeFromCart), ("remove-from-cart", .removeFromCart),
        ("transaction", .purchase), ("buy", .purchase), ("order", .purchase), ("delete_user", .userDeleted),
    ]

    /// The canonical names and `standardAliases`.
    public static let standard = EventTypeNames(aliases: standardAliases)

    private let table: NameTable
    /// Of all names and what they mean: programs with other names read other events.
    public let hash: UInt64

    /// - Parameter aliases: names beside the canonical ones. A later alias replaces an earlier one of the same name;
    ///   the canonical names always keep their meaning. Empty names are ignored.
    public init(aliases: [(String, EventType)]) {
        var codes: [String: UInt8] = [:]
        for (name, type) in aliases where !name.isEmpty {
            codes[name] = type.code
        }
        for type in EventType.allCases {
            codes[type.name] = type.code
        }
        let names = codes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        table = NameTable(names.map { ($0.key, $0.value) })
        let writer = ByteWriter()
        for (name, code) in names {
            writer.text(name)
            writer.byte(0)
            writer.byte(code)
        }
        hash = Hash64.hash(writer.bytes)
    }

    /// The type that these bytes name, or nil.
    public func type(of name: UnsafeRawBufferPointer) -> EventType? {
        guard let start = name.baseAddress, name.count > 0 else { return nil }
        guard name.count <= NameTable.inlineBytesMax else {
            return EventType(rawValue: table.longCode(UnsafeRawBufferPointer(start: start, count: name.count)))
        }
        // The table reads whole words, which the bytes of a caller may not have.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NameTable.inlineBytesMax) { padded in
            padded.initialize(repeating: 0)
            UnsafeMutableRawBufferPointer(padded).copyMemory(from: name)
            return EventType(rawValue: table.code(padded.baseAddress!, name.count))
        }
    }

    /// The same for bytes that may be read up to 16 bytes from their start.
    @inline(__always)
    func type(ofPadded start: UnsafeMutablePointer<UInt8>, count: Int) -> EventType? {
        EventType(rawValue: table.code(start, count))
    }
}
