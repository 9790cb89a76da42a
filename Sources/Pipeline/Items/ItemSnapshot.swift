public import Events
public import Models

/// The item table at an offset of the item log, as records for `freshet.snapshots`: chunks, then the manifest.
///
/// Items are numbered by their place in the snapshot's own list, so it means the same in every process. A snapshot
/// counts once its manifest is there; the manifest names the number of chunks and the bytes of all of them.
public enum ItemSnapshot {
    static let version: UInt8 = 1
    static let chunkBytes = 512 * 1024

    /// One record: a key within the snapshot and its value.
    public struct Chunk {
        public let number: Int
        public let value: [UInt8]
    }

    /// What a manifest says; the chunks follow from it.
    public struct Manifest: Equatable {
        /// The offset in the item log: the next record to fold.
        public var offset: Int64
        public var chunks: Int
        public var expected: [Int32: Int64]
        public var latestTime: Int64
        public var epoch: Int64
        public var popularitySteps: [Int64]
        public var activitySteps: [Int64]
        public var identifiers: Int
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
    public static func encode(_ fold: ItemFold, fingerprint: UInt64) -> (chunks: [Chunk], manifest: Manifest) {
        let table = fold.table
        var chunks: [Chunk] = []
        let writer = ByteWriter(capacity: chunkBytes + 65536)
        func close(force: Bool) {
            guard writer.count > 0, force || writer.count >= chunkBytes else { return }
            chunks.append(Chunk(number: chunks.count, value: Array(writer.bytes)))
            writer.removeAll()
        }
        // First all identifiers, in an order of their own; then the items, by their places in it.
        var places = [UInt32](repeating: .max, count: table.identifiers.upperBound)
        var listed = 0
        for item in 0..<table.identifiers.upperBound where table.identifiers.isLive(UInt32(item)) {
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
        close(force: true)
        let manifest = Manifest(
            offset: fold.offset, chunks: chunks.count, expected: fold.expected, latestTime: table.latestTime,
            epoch: table.covisitation.epoch, popularitySteps: table.popularity.landmarkSteps,
            activitySteps: table.activity.landmarkSteps, identifiers: listed, fingerprint: fingerprint)
        return (chunks, manifest)
    }

    private static func encodeItem(
        _ item: IdentifierTable.Number, _ table: ItemTable, _ places: [UInt32], to writer: ByteWriter
    ) {
        let attributes = table.attributes(item)
        writer.varint(UInt64(places[Int(item)]))
        writer.byte(attributes.isAvailable ? 1 : 0)
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
        writer.signed(attributes.firstSeen)
        writer.signed(attributes.lastSeen)
        for type in 0..<4 { writer.varint(UInt64(attributes.counts[type])) }
        for column in 0..<table.popularity.columns { writer.double(table.popularity.value(item, column: column)) }
        for column in 0..<table.activity.columns { writer.double(table.activity.value(item, column: column)) }
        encodeRow(item, table, places, to: writer)
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

    /// Fills an empty fold from a snapshot's chunks, in the order of their numbers.
    public struct Loader {
        private let fold: ItemFold
        private let manifest: Manifest
        private var items: [IdentifierTable.Number] = []
        private var loaded = 0

        public init(into fold: ItemFold, manifest: Manifest) {
            precondition(fold.offset == 0 && fold.table.liveCount == 0, "a snapshot is loaded into an empty fold")
            self.fold = fold
            self.manifest = manifest
            items.reserveCapacity(min(max(manifest.identifiers, 0), 1 << 20))
        }

        public mutating func load(_ chunk: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(chunk)
            while !reader.isAtEnd {
                switch try reader.byte() {
                case 0: items.append(fold.table.identifiers.intern(try reader.counted()))
                case 1: try loadItem(&reader)
                case 2: try loadRow(try place(&reader), &reader)
                default: throw ByteReader.Malformed(offset: reader.offset)
                }
            }
            loaded += 1
        }

        /// The fold stands where the snapshot was taken; false when chunks are missing, or others than the manifest's.
        public func finish() -> Bool {
            guard loaded == manifest.chunks, items.count == manifest.identifiers,
                manifest.popularitySteps.count == fold.table.popularity.columns,
                manifest.activitySteps.count == fold.table.activity.columns
            else { return false }
            fold.expected = manifest.expected
            fold.offset = manifest.offset
            fold.table.restore(latestTime: manifest.latestTime)
            fold.table.covisitation.restore(epoch: manifest.epoch)
            fold.table.popularity.restore(landmarkSteps: manifest.popularitySteps)
            fold.table.activity.restore(landmarkSteps: manifest.activitySteps)
            return true
        }

        private func place(_ reader: inout ByteReader) throws -> IdentifierTable.Number {
            let place = try reader.varint()
            guard place < UInt64(items.count) else { throw ByteReader.Malformed(offset: reader.offset) }
            return items[Int(place)]
        }

        private func loadItem(_ reader: inout ByteReader) throws {
            let item = try place(&reader)
            let table = fold.table
            var attributes = ItemTable.Attributes()
            attributes.isLive = true
            attributes.isAvailable = try reader.byte() == 1
            func word() throws -> IdentifierTable.Number {
                let length = try reader.count()
                return length == 0 ? IdentifierTable.none : table.words.intern(try reader.raw(length - 1))
            }
            attributes.category = try word()
            attributes.categoryCode = try word()
            attributes.brand = try word()
            attributes.title = try word()
            attributes.price = try reader.double()
            attributes.firstSeen = try reader.time()
            attributes.lastSeen = try reader.time()
            for type in 0..<4 { attributes.counts[type] = UInt32(truncatingIfNeeded: try reader.varint()) }
            table.restore(item, attributes)
            var values: [Double] = []
            for _ in 0..<table.popularity.columns { values.append(try reader.double()) }
            table.popularity.restore(item, values: values)
            values.removeAll()
            for _ in 0..<table.activity.columns { values.append(try reader.double()) }
            table.activity.restore(item, values: values)
            try loadRow(item, &reader)
        }

        private func loadRow(_ item: IdentifierTable.Number, _ reader: inout ByteReader) throws {
            let total = try reader.varint()
            let epoch = try reader.signed()
            guard epoch >= 0, epoch <= manifest.epoch, total < 1 << 62 else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            var neighbours: [(item: IdentifierTable.Number, count: UInt32)] = []
            let count = try reader.count(limit: fold.table.covisitation.neighboursMax)
            neighbours.reserveCapacity(count)
            for _ in 0..<count {
                let neighbour = try place(&reader)
                neighbours.append((neighbour, UInt32(truncatingIfNeeded: try reader.varint())))
            }
            fold.table.covisitation.restore(item, .init(total: total, epoch: epoch, neighbours: neighbours))
        }
    }
}

extension ItemSnapshot.Manifest {
    public func encode(to writer: ByteWriter) {
        writer.byte(ItemSnapshot.version)
        writer.signed(offset)
        writer.varint(chunks)
        writer.varint(identifiers)
        writer.fixed(fingerprint)
        writer.signed(latestTime)
        writer.signed(epoch)
        writer.varint(expected.count)
        for partition in expected.keys.sorted() {
            writer.varint(UInt64(partition))
            writer.signed(expected[partition] ?? 0)
        }
        for steps in [popularitySteps, activitySteps] {
            writer.varint(steps.count)
            for step in steps { writer.signed(step) }
        }
        writer.varint(earlier.count)
        for place in earlier {
            writer.signed(place.offset)
            writer.varint(place.chunks)
        }
    }

    public init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        guard try reader.byte() == ItemSnapshot.version else { throw ByteReader.Malformed(offset: 0) }
        offset = try reader.signed()
        chunks = Int(truncatingIfNeeded: try reader.varint())
        identifiers = Int(truncatingIfNeeded: try reader.varint())
        fingerprint = try reader.fixed(UInt64.self)
        latestTime = try reader.time()
        epoch = try reader.signed()
        expected = [:]
        for _ in 0..<(try reader.count()) {
            let partition = Int32(truncatingIfNeeded: try reader.varint())
            expected[partition] = try reader.signed()
        }
        popularitySteps = []
        activitySteps = []
        for _ in 0..<(try reader.count()) { popularitySteps.append(try reader.signed()) }
        for _ in 0..<(try reader.count()) { activitySteps.append(try reader.signed()) }
        // The first snapshots ended here.
        guard !reader.isAtEnd else { return }
        for _ in 0..<(try reader.count()) {
            earlier.append(
                ItemSnapshot.Place(offset: try reader.signed(), chunks: Int(truncatingIfNeeded: try reader.varint())))
        }
    }
}

extension ItemTable {
    /// The hash of the table's content: a sum over items and pairs, so that no order matters.
    public func hash() -> StateHash {
        var sum = StateHash()
        let writer = ByteWriter()
        for index in 0..<identifiers.upperBound where identifiers.isLive(UInt32(index)) {
            let item = UInt32(index)
            let row = covisitation.snapshot(item)
            let attributes = attributes(item)
            guard attributes.isLive || !row.neighbours.isEmpty else { continue }
            writer.removeAll()
            writer.counted(identifiers.bytes(item))
            writer.byte(attributes.isLive ? 1 : 0)
            writer.byte(attributes.isAvailable ? 1 : 0)
            for word in [attributes.category, attributes.categoryCode, attributes.brand, attributes.title] {
                writer.counted(word == IdentifierTable.none ? .init(start: nil, count: 0) : words.bytes(word))
            }
            writer.double(attributes.price)
            writer.signed(attributes.firstSeen)
            writer.signed(attributes.lastSeen)
            for type in 0..<4 { writer.varint(UInt64(attributes.counts[type])) }
            for column in 0..<popularity.columns { writer.double(popularity.value(item, column: column)) }
            for column in 0..<activity.columns { writer.double(activity.value(item, column: column)) }
            writer.varint(row.total)
            writer.signed(row.epoch)
            sum.add(writer.bytes)
            for neighbour in row.neighbours {
                writer.removeAll()
                writer.fixed(identifiers.hash(item))
                writer.fixed(identifiers.hash(neighbour.item))
                writer.fixed(neighbour.count)
                sum.add(writer.bytes)
            }
        }
        return sum
    }
}
