import Events
import Models
import Pipeline

/// What a worker and an item fold do with an event, without Kafka, lists and commits between.
final class BothFolds {
    let store = UserStore()
    let itemFold: ItemFold
    private let decoder = EventDecoder()
    private let fold = UserFold(settings: UserFold.Settings())
    private let admission = EventAdmission(requiresKey: false)
    private let block: ItemLogBlockWriter
    private let record = ByteWriter(capacity: 1 << 19)
    private var event = ShopEvent()
    private var offset: Int64 = 0
    private let blockBytes = WorkerSettings().blockBytes

    init() {
        let table = ItemTable(settings: ItemTable.Settings())
        itemFold = ItemFold(table: table)
        block = ItemLogBlockWriter(items: table.identifiers)
        block.begin(first: 0)
    }

    var table: ItemTable { itemFold.table }

    /// The user fold alone.
    @discardableResult
    func learnUser(_ bytes: UnsafeRawBufferPointer) -> Bool { learn(bytes) != nil }

    /// The user fold, and the event's entry in a block that is folded when it is full.
    func learnBoth(_ bytes: UnsafeRawBufferPointer) throws {
        let at = offset
        guard let (lesson, item) = learn(bytes) else { return }
        block.add(
            event, item: item, isNewPair: lesson.isNewPair,
            preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount), offset: at)
        if block.byteCount >= blockBytes { try closeBlock() }
    }

    func closeBlock() throws {
        guard offset > block.first else { return }
        record.removeAll()
        block.finish(partition: 0, end: offset, to: record)
        block.begin(first: offset)
        try itemFold.apply(record.bytes, at: itemFold.offset)
    }

    private func learn(_ bytes: UnsafeRawBufferPointer) -> (UserFold.Lesson, IdentifierTable.Number)? {
        let at = offset
        offset += 1
        guard decoder.decode(bytes, into: &event) == nil,
            admission.admit(&event, key: UnsafeRawBufferPointer(start: nil, count: 0), recordTime: -1) == nil
        else { return nil }
        store.prefetch(event.user)
        let item = table.identifiers.intern(event.item)
        guard case .learnt(let lesson) = fold.apply(event, item: item, offset: at, to: store) else { return nil }
        return (lesson, item)
    }
}
