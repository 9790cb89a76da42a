internal import Events
internal import Models

/// Reads blocks of the item log whole: what a block taught, ready to be learnt in order. It keeps its memory from one
/// block to the next.
final class ItemLogBlockReader {
    /// What one event taught about its item.
    struct Lesson {
        var item: IdentifierTable.Number
        var type: EventType
        var isNewPair: Bool
        /// In `preceding`.
        var firstPreceding: Int32
        var precedingCount: Int32
        /// What the event said of the item, in `descriptions`; −1 for nothing.
        var description: Int32
        var time: Int64
    }

    /// What a block covers.
    struct Header {
        let partition: Int32
        /// The offsets [first, end) of the source partition.
        let first: Int64
        let end: Int64
    }

    private let table: ItemTable
    private(set) var lessons: [Lesson] = []
    private(set) var descriptions: [ItemDescription] = []
    /// Of all lessons, one after the other, each one's newest first.
    let preceding = NumberList()
    /// The items that the block names, in order, and their numbers once all are known.
    private var names: [UnsafeRawBufferPointer] = []
    private let items = NumberList()
    /// The present description of each item that the block names, in `descriptions`; −1 for none so far.
    private var descriptionsOfItems: [Int32] = []
    private let words = NumberList()

    init(table: ItemTable) { self.table = table }

    func readHeader(_ reader: inout ByteReader) throws -> Header {
        guard let partition = Int32(exactly: try reader.varint()) else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        let first = try reader.logOffset()
        let end = try reader.logOffset()
        // Sums of what partitions have come to, one for each, stay numbers.
        guard first <= end, end < ItemSnapshot.offsetsEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        return Header(partition: partition, first: first, end: end)
    }

    /// Reads the rest of a block into `lessons`, but for those of events before the offset `next`.
    func readLessons(_ reader: inout ByteReader, of header: Header, since next: Int64) throws {
        let baseTime = try reader.time()
        let entries = try reader.count()
        lessons.removeAll(keepingCapacity: true)
        descriptions.removeAll(keepingCapacity: true)
        descriptionsOfItems.removeAll(keepingCapacity: true)
        preceding.removeAll()
        names.removeAll(keepingCapacity: true)
        words.removeAll()
        var source = header.first
        for _ in 0..<entries {
            let distance = try reader.logOffset()
            guard distance < header.end - source else { throw ByteReader.Malformed(offset: reader.offset) }
            source += distance
            let lesson = try readLesson(&reader, baseTime: baseTime)
            if source >= next { lessons.append(lesson) }
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        numberItems()
    }

    /// Puts items' numbers in the table in place of their places in the block. All names are looked up together: one
    /// after the other, each would wait for memory.
    private func numberItems() {
        names.withUnsafeBufferPointer { names in
            items.setCount(names.count)
            table.identifiers.intern(names, into: items.base)
        }
        for index in lessons.indices { lessons[index].item = items[Int(lessons[index].item)] }
        for index in 0..<preceding.count { preceding.base[index] = items[Int(preceding[index])] }
    }

    /// One lesson, its items by their places in the block.
    private func readLesson(_ reader: inout ByteReader, baseTime: Int64) throws -> Lesson {
        let flags = try reader.byte()
        guard let type = EventType(rawValue: flags & 0x0F), type.touchesItem else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        let time = try reader.time(from: baseTime)
        let position = try readItem(&reader)
        let first = preceding.count
        for _ in 0..<(try reader.count()) { preceding.append(IdentifierTable.Number(try readItem(&reader))) }
        var description: Int32 = -1
        if flags & ItemLogBlockWriter.hasAttributes != 0 {
            description = Int32(descriptions.count)
            descriptions.append(
                ItemDescription(
                    category: try readWord(&reader), code: try readWord(&reader), brand: try readWord(&reader),
                    price: try reader.double()))
            descriptionsOfItems[position] = description
        } else if flags & ItemLogBlockWriter.hasSameAttributes != 0 {
            description = descriptionsOfItems[position]
        }
        return Lesson(
            item: IdentifierTable.Number(position), type: type, isNewPair: flags & ItemLogBlockWriter.isNewPair != 0,
            firstPreceding: Int32(first), precedingCount: Int32(preceding.count - first), description: description,
            time: time)
    }

    /// The place of an item among those that the block names.
    private func readItem(_ reader: inout ByteReader) throws -> Int {
        let reference = try reader.count(limit: names.count)
        if reference > 0 { return reference - 1 }
        names.append(try reader.counted())
        descriptionsOfItems.append(-1)
        return names.count - 1
    }

    private func readWord(_ reader: inout ByteReader) throws -> IdentifierTable.Number {
        let reference = try reader.count(limit: words.count + 1)
        if reference == 1 { return IdentifierTable.none }
        if reference > 1 { return words[reference - 2] }
        let word = table.words.intern(try reader.counted())
        words.append(word)
        return word
    }
}
