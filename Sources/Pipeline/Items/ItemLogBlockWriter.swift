public import Events
internal import Linear

/// Writes blocks of the item log: what a stretch of one partition's events taught about items.
///
/// A block covers the offsets [first, end) of its source partition, whether or not each of them taught anything, and
/// names every item and word once, at its first use. Attributes stand with an item's first entry in a block and again
/// when they change within it; other entries say whether their event had the same ones or none. So what a block teaches is
/// what its events said, each one whole, wherever blocks begin and end, even if the table forgets the item in between.
///
///     block  := version kind partition first end baseTime entryCount entry…
///     entry  := Δoffset flags Δtime item precedingCount item… [category code brand price]
///     item   := 0 bytes | n (the n-th item named in this block)            words likewise
public final class ItemLogBlockWriter {
    static let version: UInt8 = 2
    static let hasAttributes: UInt8 = 0x10
    static let isNewPair: UInt8 = 0x20
    static let hasSameAttributes: UInt8 = 0x40
    private static let wordsMax = 200_000

    private let items: IdentifierTable
    private var words = IdentifierTable()
    private let body = ByteWriter(capacity: 1 << 16)
    private let namedItems = ReferenceTable()
    private let namedWords = ReferenceTable()
    private var entries = 0
    private var previousOffset: Int64 = 0
    private var baseTime: Int64 = 0
    private var described: [ItemDescription] = []

    /// Where the block begins that is being written.
    public private(set) var first: Int64 = 0

    /// - Parameter items: has the identifiers behind the items' numbers.
    public init(items: IdentifierTable) { self.items = items }

    /// The bytes of the entries so far; a block should be closed before it is over the broker's limit.
    public var byteCount: Int { body.count }

    /// Begins a block at the offset where the partition's last one ended.
    public func begin(first: Int64) {
        self.first = first
        previousOffset = first
        body.removeAll()
        namedItems.beginBlock()
        namedWords.beginBlock()
        entries = 0
        described.removeAll(keepingCapacity: true)
        guard words.count > Self.wordsMax else { return }
        words = IdentifierTable()
    }

    /// Adds what the event at `offset` taught.
    public func add(
        _ event: ShopEvent, item: IdentifierTable.Number, isNewPair: Bool,
        preceding: UnsafeBufferPointer<IdentifierTable.Number>, offset: Int64
    ) {
        if entries == 0 { baseTime = event.time }
        entries += 1
        // Those that are new to the block are written out; their bytes are far apart.
        for other in preceding { Kernels.prefetch(items.entryAddress(other), bytes: 1) }
        let reference = namedItems.find(item)
        let isNamed = reference != nil
        let attributes = ItemDescription(
            category: word(event.categoryID), code: word(event.categoryCode), brand: word(event.brand),
            price: event.price)
        body.varint(UInt64(offset - previousOffset))
        previousOffset = offset
        var flags = event.type.rawValue | (isNewPair ? Self.isNewPair : 0)
        let position = Int(reference ?? namedItems.named)
        let isSame = isNamed && position < described.count && described[position].isSame(as: attributes)
        let changes = !isSame && !attributes.isEmpty
        if changes { flags |= Self.hasAttributes }
        if isSame, !attributes.isEmpty { flags |= Self.hasSameAttributes }
        body.byte(flags)
        body.signed(event.time - baseTime)
        name(item)
        body.varint(preceding.count)
        for other in preceding { name(other) }
        guard changes else { return }
        while described.count <= position { described.append(ItemDescription()) }
        described[position] = attributes
        nameWord(attributes.category)
        nameWord(attributes.code)
        nameWord(attributes.brand)
        body.double(attributes.price)
    }

    /// Appends the finished block, which covers offsets up to `end`.
    public func finish(partition: Int32, end: Int64, to writer: ByteWriter) {
        writer.byte(Self.version)
        writer.byte(ItemLogRecord.events)
        writer.varint(UInt64(partition))
        writer.varint(UInt64(first))
        writer.varint(UInt64(end))
        writer.signed(baseTime)
        writer.varint(entries)
        writer.raw(body.bytes)
    }

    private func word(_ bytes: UnsafeRawBufferPointer) -> IdentifierTable.Number {
        bytes.count == 0 ? IdentifierTable.none : words.intern(bytes)
    }

    @inline(__always)
    private func name(_ item: IdentifierTable.Number) {
        if let known = namedItems.find(item) { return body.varint(UInt64(known) + 1) }
        namedItems.name(item)
        body.varint(0)
        body.counted(items.bytes(item))
    }

    /// A word's reference is shifted by two: 0 is a new word, 1 is none.
    private func nameWord(_ word: IdentifierTable.Number) {
        if word == IdentifierTable.none { return body.varint(1) }
        if let known = namedWords.find(word) { return body.varint(UInt64(known) + 2) }
        namedWords.name(word)
        body.varint(0)
        body.counted(words.bytes(word))
    }
}
