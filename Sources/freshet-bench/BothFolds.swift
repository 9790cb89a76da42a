import Events
import Models
import Pipeline

/// What a worker and an item fold do with an event, without Kafka, lists and commits between.
final class BothFolds {
    let store = UserStore()
    let itemFold: ItemFold
    private let fold = UserFold(settings: UserFold.Settings())
    private let window: EventWindow
    private let block: ItemLogBlockWriter
    private let record = ByteWriter(capacity: 1 << 19)
    private var offset: Int64 = 0
    private let blockBytes = WorkerSettings().blockBytes

    init() {
        let table = ItemTable(settings: ItemTable.Settings())
        itemFold = ItemFold(table: table)
        window = EventWindow(admission: EventAdmission(requiresKey: false), items: table.identifiers)
        block = ItemLogBlockWriter(items: table.identifiers)
        block.begin(first: 0)
    }

    var table: ItemTable { itemFold.table }

    /// The user fold alone.
    func learnUser(_ bytes: UnsafeRawBufferPointer) {
        push(bytes)
        if window.isFull { _ = apply(window.pop()) }
    }

    /// The user fold, and the event's entry in a block that is folded when it is full.
    func learnBoth(_ bytes: UnsafeRawBufferPointer) throws {
        push(bytes)
        if window.isFull { try learnOldest() }
    }

    /// Learns what still waits.
    func finishUsers() {
        while !window.isEmpty { _ = apply(window.pop()) }
    }

    func closeBlock() throws {
        while !window.isEmpty { try learnOldest() }
        guard offset > block.first else { return }
        try foldBlock(end: offset)
    }

    private func foldBlock(end: Int64) throws {
        record.removeAll()
        block.finish(partition: 0, end: end, to: record)
        block.begin(first: end)
        try itemFold.apply(record.bytes, at: itemFold.offset)
    }

    private func push(_ bytes: UnsafeRawBufferPointer) {
        let rejection = window.push(
            bytes, key: UnsafeRawBufferPointer(start: nil, count: 0), recordTime: -1, partition: 0, offset: offset,
            users: store)
        precondition(rejection == nil, "an event of the benchmark cannot be learnt")
        offset += 1
    }

    private func learnOldest() throws {
        let entry = window.pop()
        guard let (lesson, item) = apply(entry) else { return }
        block.add(
            entry.pointee.event, item: item, isNewPair: lesson.isNewPair,
            preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount),
            offset: entry.pointee.offset)
        if block.byteCount >= blockBytes { try foldBlock(end: entry.pointee.offset + 1) }
    }

    private func apply(_ entry: UnsafePointer<EventWindow.Entry>) -> (UserFold.Lesson, IdentifierTable.Number)? {
        guard
            case (.learnt(let lesson), let item) = fold.apply(entry, items: table.identifiers, to: store)
        else { return nil }
        return (lesson, item)
    }
}
