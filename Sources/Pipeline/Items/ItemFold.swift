public import Events
public import Models

/// Folds the item log into the item table: a replicated state machine whose log is Kafka.
///
/// It keeps the next offset that it expects of each source partition, drops what it already has (a whole block, or the
/// beginning of one) and stops on a gap: every event is learnt by the items exactly once, whatever was written twice.
public final class ItemFold {
    /// Why the fold cannot go on.
    public enum Failure: Error, CustomStringConvertible, Equatable {
        /// Events of a source partition are missing from the log.
        case gap(partition: Int32, expected: Int64, found: Int64, at: Int64)
        case malformed(at: Int64, byte: Int)
        case unknownVersion(UInt8, at: Int64)

        public var description: String {
            switch self {
            case .gap(let partition, let expected, let found, let at):
                "the item log has a gap: its record at offset \(at) continues partition \(partition) of the events "
                    + "topic at \(found), but \(expected) comes next; rebuild with `freshet reset` and `freshet replay`"
            case .malformed(let at, let byte):
                "the item log's record at offset \(at) is damaged at byte \(byte); rebuild with `freshet reset` and "
                    + "`freshet replay`"
            case .unknownVersion(let version, let at):
                "the item log's record at offset \(at) has version \(version), which this program does not know; "
                    + "run the version that wrote it, or rebuild with `freshet reset` and `freshet replay`"
            }
        }
    }

    public let table: ItemTable
    /// The next offset of each partition of the events topic.
    public internal(set) var expected: [Int32: Int64] = [:]
    /// The offset in the item log up to which it is folded: the next one to read.
    public internal(set) var offset: Int64 = 0
    /// Events learnt since the start.
    public private(set) var learnt = 0
    /// Items that changed since the list was last taken, for the leader; nil while nobody asks.
    public var changes: ItemChanges?

    private let itemsOfBlock = NumberList()
    private var descriptionsOfBlock: [ItemDescription] = []
    private let wordsOfBlock = NumberList()
    private let preceding = NumberList()

    public init(table: ItemTable) { self.table = table }

    /// Applies the record at `offset` of the item log.
    public func apply(_ record: UnsafeRawBufferPointer, at offset: Int64) throws(Failure) {
        guard offset >= self.offset else { return }
        var reader = ByteReader(record)
        do {
            let version = try reader.byte()
            guard version == ItemLogBlockWriter.version else { throw Failure.unknownVersion(version, at: offset) }
            switch try reader.byte() {
            case ItemLogRecord.events: try applyEvents(&reader, at: offset)
            case ItemLogRecord.catalogue: try applyCatalogue(&reader)
            default: throw ByteReader.Malformed(offset: 1)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .malformed(at: offset, byte: (error as? ByteReader.Malformed)?.offset ?? 0)
        }
        self.offset = offset + 1
    }

    /// Expects a source partition's events from an offset on, where a replay teaches the table directly.
    func begin(_ partition: Int32, at offset: Int64) { expected[partition] = offset }

    func pass(_ partition: Int32, to offset: Int64) { expected[partition] = max(expected[partition] ?? 0, offset) }

    /// Stands at the beginning of another deployment's item log.
    func restart() { offset = 0 }

    /// Moves on over offsets that carry no record (transaction markers, aborted records).
    public func skip(to offset: Int64) { self.offset = max(self.offset, offset) }

    private func applyEvents(_ reader: inout ByteReader, at logOffset: Int64) throws {
        guard let partition = Int32(exactly: try reader.varint()) else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        let first = try reader.logOffset()
        let end = try reader.logOffset()
        guard first <= end else { throw ByteReader.Malformed(offset: reader.offset) }
        let baseTime = try reader.time()
        let entries = try reader.count()
        let next = expected[partition] ?? first
        guard first <= next else {
            throw Failure.gap(partition: partition, expected: next, found: first, at: logOffset)
        }
        if end <= next { return }
        itemsOfBlock.removeAll()
        descriptionsOfBlock.removeAll(keepingCapacity: true)
        wordsOfBlock.removeAll()
        var source = first
        for _ in 0..<entries {
            let distance = try reader.logOffset()
            guard distance < end - source else { throw ByteReader.Malformed(offset: reader.offset) }
            source += distance
            try applyEntry(&reader, baseTime: baseTime, isNew: source >= next)
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        expected[partition] = end
    }

    private func applyEntry(_ reader: inout ByteReader, baseTime: Int64, isNew: Bool) throws {
        let flags = try reader.byte()
        guard let type = EventType(rawValue: flags & 0x0F), type.touchesItem else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        let time = try reader.time(from: baseTime)
        let position = try readItem(&reader)
        let item = itemsOfBlock[position]
        preceding.removeAll()
        for _ in 0..<(try reader.count()) { preceding.append(itemsOfBlock[try readItem(&reader)]) }
        var description = ItemDescription()
        if flags & ItemLogBlockWriter.hasAttributes != 0 {
            description.category = try readWord(&reader)
            description.code = try readWord(&reader)
            description.brand = try readWord(&reader)
            description.price = try reader.double()
            descriptionsOfBlock[position] = description
        } else if flags & ItemLogBlockWriter.hasSameAttributes != 0 {
            description = descriptionsOfBlock[position]
        }
        guard isNew else { return }
        learnt += 1
        table.learn(
            item: item, type: type, isNewPair: flags & ItemLogBlockWriter.isNewPair != 0, time: time,
            preceding: preceding.numbers)
        if !description.isEmpty {
            table.describe(
                item: item, category: description.category, categoryCode: description.code, brand: description.brand,
                price: description.price, time: time)
        }
        changes?.note(item, time: time)
    }

    private func applyCatalogue(_ reader: inout ByteReader) throws {
        let time = try reader.time()
        let item = table.identifiers.intern(try reader.counted())
        let flags = try reader.byte()
        guard flags & 1 == 0 else {
            table.withdraw(item: item, time: time)
            changes?.note(item, time: time)
            return
        }
        func word() throws -> IdentifierTable.Number {
            let bytes = try reader.counted()
            return bytes.count == 0 ? IdentifierTable.none : table.words.intern(bytes)
        }
        let title = try word()
        let category = try word()
        let code = try word()
        let brand = try word()
        let price = try reader.double()
        table.describe(item: item, category: category, categoryCode: code, brand: brand, price: price, time: time)
        table.catalogue(item: item, title: title, isAvailable: flags & 2 != 0, time: time)
        changes?.note(item, time: time)
    }

    /// The place of an item among those that the block names.
    private func readItem(_ reader: inout ByteReader) throws -> Int {
        let reference = try reader.count(limit: itemsOfBlock.count)
        if reference > 0 { return reference - 1 }
        itemsOfBlock.append(table.identifiers.intern(try reader.counted()))
        descriptionsOfBlock.append(ItemDescription())
        return itemsOfBlock.count - 1
    }

    private func readWord(_ reader: inout ByteReader) throws -> IdentifierTable.Number {
        let reference = try reader.count(limit: wordsOfBlock.count + 1)
        if reference == 1 { return IdentifierTable.none }
        if reference > 1 { return wordsOfBlock[reference - 2] }
        let word = table.words.intern(try reader.counted())
        wordsOfBlock.append(word)
        return word
    }
}

/// The catalogue's record of an item in the item log.
public enum CatalogueRecord {
    /// Appends the record of an entry, or of a withdrawal.
    public static func encode(_ entry: CatalogueItem?, id: UnsafeRawBufferPointer, time: Int64, to writer: ByteWriter) {
        writer.byte(ItemLogBlockWriter.version)
        writer.byte(ItemLogRecord.catalogue)
        writer.signed(time)
        writer.counted(id)
        guard let entry else { return writer.byte(1) }
        writer.byte(entry.isAvailable ? 2 : 0)
        for text in [entry.title, entry.categoryID, entry.categoryCode, entry.brand] {
            var text = text ?? ""
            text.withUTF8 { writer.counted(UnsafeRawBufferPointer($0)) }
        }
        writer.double(entry.price ?? .nan)
    }
}
