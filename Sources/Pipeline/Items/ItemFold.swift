internal import Events
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

    /// Changes with what the same log makes.
    static let version: UInt8 = 2

    /// What the log has taught so far; nobody else writes to it.
    public let table: ItemTable
    /// The next offset of each partition of the events topic.
    public internal(set) var expected: [Int32: Int64] = [:]
    /// The offset in the item log up to which it is folded: the next one to read.
    public internal(set) var offset: Int64 = 0
    /// Events learnt since the start.
    public private(set) var learnt = 0
    /// Items whose published rows are out of date, for the leader; nil while nobody asks.
    public var changes: RowChanges?
    /// Items that the catalogue has withdrawn, for whoever published lists that name them; nil while nobody asks.
    var withdrawn: Set<IdentifierTable.Number>?

    private let block: ItemLogBlockReader

    /// A fold at the beginning of the item log, of an empty table.
    public init(table: ItemTable) {
        self.table = table
        block = ItemLogBlockReader(table: table)
    }

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
        let header = try block.readHeader(&reader)
        let next = expected[header.partition] ?? header.first
        guard header.first <= next else {
            throw Failure.gap(partition: header.partition, expected: next, found: header.first, at: logOffset)
        }
        if header.end <= next { return }
        try block.readLessons(&reader, of: header, since: next)
        learnLessons()
        expected[header.partition] = header.end
    }

    /// Learns a block's lessons in order. The table is far larger than the caches, and a lesson touches some twenty places
    /// of it: they are asked for some lessons ahead, first the rows, then where in them a pair will be counted.
    private func learnLessons() {
        let preceding = block.preceding.numbers
        block.lessons.withUnsafeBufferPointer { lessons in
            func others(_ lesson: ItemLogBlockReader.Lesson) -> UnsafeBufferPointer<IdentifierTable.Number> {
                let first = Int(lesson.firstPreceding)
                return UnsafeBufferPointer(rebasing: preceding[first..<(first + Int(lesson.precedingCount))])
            }
            for index in lessons.indices {
                if index + Self.rowsAhead < lessons.count {
                    let lesson = lessons[index + Self.rowsAhead]
                    table.prefetchRows(item: lesson.item, preceding: others(lesson))
                }
                if index + Self.pairsAhead < lessons.count {
                    let lesson = lessons[index + Self.pairsAhead]
                    table.covisitation.prefetchPairs(item: lesson.item, preceding: others(lesson))
                }
                learn(lessons[index], others(lessons[index]))
            }
        }
    }

    private static let rowsAhead = 6
    private static let pairsAhead = 3

    private func learn(
        _ lesson: ItemLogBlockReader.Lesson, _ preceding: UnsafeBufferPointer<IdentifierTable.Number>
    ) {
        learnt += 1
        table.learn(
            item: lesson.item, type: lesson.type, isNewPair: lesson.isNewPair, time: lesson.time, preceding: preceding)
        if lesson.description >= 0 {
            let description = block.descriptions[Int(lesson.description)]
            table.describe(
                item: lesson.item, category: description.category, categoryCode: description.code,
                brand: description.brand, price: description.price, time: lesson.time)
        }
        changes?.note(lesson.item, time: lesson.time)
    }

    private func applyCatalogue(_ reader: inout ByteReader) throws {
        let id = try reader.counted()
        let flags = try reader.byte()
        var entry: ItemTable.CatalogueEntry?
        if flags & CatalogueRecord.isWithdrawal == 0 {
            entry = ItemTable.CatalogueEntry(
                title: try reader.counted(), category: try reader.counted(), categoryCode: try reader.counted(),
                brand: try reader.counted(), price: try reader.double(),
                isAvailable: flags & CatalogueRecord.isAvailable != 0
            ) { $0.count == 0 ? IdentifierTable.none : table.words.intern($0) }
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        take(entry, of: id)
    }

    /// Takes over what the catalogue says of an item; nil withdraws it.
    func take(_ entry: ItemTable.CatalogueEntry?, of id: UnsafeRawBufferPointer) {
        let item = table.identifiers.intern(id)
        let effect = entry.map { table.catalogue(item: item, $0) } ?? table.withdraw(item: item)
        changes?.noteCatalogue(item, time: table.latestTime, effect)
        if effect == .availability, !table.attributes(item).isAvailable { withdrawn?.insert(item) }
    }
}
