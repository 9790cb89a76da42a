internal import Events
internal import Models

/// The item table at an offset of the item log, as records for `freshet.snapshots`: chunks, then the manifest.
///
/// Items are numbered by their place in the snapshot's own list, so it means the same in every process. A snapshot
/// counts once its manifest is there and the chunks are those that it was written for: by their number, and by the hash
/// of all of them.
public enum ItemSnapshot {
    static let version: UInt8 = 3
    /// A chunk ends with the first item past so many bytes, where the topic takes them.
    public static let chunkBytes = 512 * 1024
    /// What the last item of a chunk may add to it, generously.
    public static let itemBytesMax = 64 * 1024
    /// More chunks than any table has, and offsets past any log's end: a manifest, or a block of the item log, that says so
    /// is damaged.
    static let chunksMax = 1 << 20
    static let offsetsEnd: Int64 = 1 << 48

    /// One record: a key within the snapshot and its value.
    public struct Chunk {
        /// From 0.
        public let number: Int
        /// Whole entries, as many as make 512 KB.
        public let value: [UInt8]
    }

    /// What a manifest says; the chunks follow from it.
    public struct Manifest: Equatable {
        /// The offset in the item log: the next record to fold.
        public var offset: Int64
        /// How many there are.
        public var chunks: Int
        /// Of the chunks' bytes, in their order.
        public var content: UInt64
        /// The next offset of each partition of the events topic, as the fold has it.
        public var expected: [Int32: Int64]
        /// The largest event time learnt, in ms.
        public var latestTime: Int64
        /// Where the landmarks stand: of co-visitation, in half-lives, and of both banks of popularity, in steps, one a
        /// column.
        public var epoch: Int64
        public var popularitySteps: [Int64]
        public var activitySteps: [Int64]
        /// How many identifiers the chunks list.
        public var identifiers: Int
        /// `WorkerSettings.fingerprint` of whoever wrote it: only a fold of the same settings loads it.
        public var fingerprint: UInt64
        /// The snapshots before this one that are kept, so that whoever writes the next one knows what may go.
        public var earlier: [Place] = []

        var asPlace: Place { Place(offset: offset, chunks: chunks) }
    }

    /// Where a snapshot lies: its offset in the item log, which names it, and its number of chunks.
    public struct Place: Equatable, Sendable {
        public var offset: Int64
        public var chunks: Int
    }

    /// The table as chunks, and the manifest that goes with them.
    /// - Parameter bytesMax: of a record that the topic takes.
    public static func encode(
        _ fold: ItemFold, fingerprint: UInt64, bytesMax: Int = .max
    ) -> (chunks: [Chunk], manifest: Manifest) {
        let table = fold.table
        var chunks: [Chunk] = []
        let chunkBytes = min(chunkBytes, max(bytesMax - itemBytesMax, bytesMax / 2))
        let writer = ByteWriter(capacity: chunkBytes + itemBytesMax)
        func close(force: Bool) {
            guard writer.count > 0, force || writer.count >= chunkBytes else { return }
            chunks.append(Chunk(number: chunks.count, value: Array(writer.bytes)))
            writer.removeAll()
        }
        // First the identifiers that something is known of, in an order of their own; then the items, by their places in it.
        let isListed = listed(table)
        var places = [UInt32](repeating: .max, count: table.identifiers.upperBound)
        var listed = 0
        for item in 0..<table.identifiers.upperBound where isListed[item] {
            places[item] = UInt32(listed)
            listed += 1
            writer.byte(0)
            writer.counted(table.identifiers.bytes(UInt32(item)))
            close(force: false)
        }
        close(force: true)
        for item in 0..<table.upperBound where table.attributes(UInt32(item)).isLive {
            writer.byte(1)
            encodeItem(UInt32(item), table, places, to: writer)
            close(force: false)
        }
        // Rows of items that were evicted, or that nobody touched yet, hold counts too.
        for item in 0..<table.identifiers.upperBound
        where places[item] != .max && !table.attributes(UInt32(item)).isLive
            && table.covisitation.neighbourCount(UInt32(item)) > 0
        {
            writer.byte(2)
            writer.varint(UInt64(places[item]))
            encodeRow(UInt32(item), table, places, to: writer)
            close(force: false)
        }
        // Of items that are not live, that the catalogue has withdrawn them.
        for item in 0..<table.upperBound where table.isOnlyWithdrawn(UInt32(item)) {
            writer.byte(3)
            writer.varint(UInt64(places[item]))
            close(force: false)
        }
        close(force: true)
        let manifest = Manifest(
            offset: fold.offset, chunks: chunks.count, content: content(of: chunks.map(\.value)),
            expected: fold.expected, latestTime: table.latestTime,
            epoch: table.covisitation.epoch, popularitySteps: table.popularity.landmarkSteps,
            activitySteps: table.activity.landmarkSteps, identifiers: listed, fingerprint: fingerprint)
        return (chunks, manifest)
    }

    /// The hash of the bytes of all chunks in their order.
    static func content(of chunks: some Sequence<[UInt8]>) -> UInt64 {
        chunks.reduce(0) { sum, chunk in chunk.withUnsafeBytes { Hash64.hash($0, seed: sum) } }
    }

    /// Whether an item is live, withdrawn, or has a row or stands in one. The others were evicted, or never had an event
    /// that was learnt: their identifiers end with the process.
    private static func listed(_ table: ItemTable) -> [Bool] {
        var isListed = [Bool](repeating: false, count: table.identifiers.upperBound)
        for number in 0..<table.identifiers.upperBound where table.identifiers.isLive(UInt32(number)) {
            let item = UInt32(number)
            if table.attributes(item).isLive || table.isOnlyWithdrawn(item) { isListed[number] = true }
            guard table.covisitation.neighbourCount(item) > 0 else { continue }
            isListed[number] = true
            table.covisitation.forEachNeighbour(of: item) { other, _ in isListed[Int(other)] = true }
        }
        return isListed
    }

    private static func encodeItem(
        _ item: IdentifierTable.Number, _ table: ItemTable, _ places: [UInt32], to writer: ByteWriter
    ) {
        let attributes = table.attributes(item)
        writer.varint(UInt64(places[Int(item)]))
        writer.byte(attributes.stored)
        for word in [attributes.category, attributes.categoryCode, attributes.brand, attributes.title] {
            if word == IdentifierTable.none {
                writer.varint(0)
            } else {
                let bytes = table.words.bytes(word)
                writer.varint(bytes.count + 1)
                writer.raw(bytes)
            }
        }
        writer.double(attributes.price)
        encodeTimes(attributes, to: writer)
        for type in 0..<4 { writer.varint(UInt64(attributes.counts[type])) }
        for column in 0..<table.popularity.columns { writer.double(table.popularity.value(item, column: column)) }
        for column in 0..<table.activity.columns { writer.double(table.activity.value(item, column: column)) }
        encodeRow(item, table, places, to: writer)
    }

    /// The times plus one, 0 for none.
    static func encodeTimes(_ attributes: ItemTable.Attributes, to writer: ByteWriter) {
        for time in [attributes.firstSeen, attributes.lastSeen, attributes.describedAt] {
            writer.varint(UInt64((time ?? -1) + 1))
        }
    }

    private static func encodeRow(
        _ item: IdentifierTable.Number, _ table: ItemTable, _ places: [UInt32], to writer: ByteWriter
    ) {
        let row = table.covisitation.snapshot(item)
        writer.varint(row.total)
        writer.signed(row.epoch)
        writer.varint(row.neighbours.count)
        for neighbour in row.neighbours {
            writer.varint(UInt64(places[Int(neighbour.item)]))
            writer.varint(UInt64(neighbour.count))
        }
    }
}
