import Events
import Models
@testable import Pipeline

/// What an uninterrupted run over the same events makes: a direct fold of every partition, without worker or log.
final class Reference {
    /// A user's state right after one event.
    struct Moment {
        var user: [UInt8]
        var state: [UInt8]
    }

    struct Origin: Hashable {
        var partition: Int32
        var offset: Int64
    }

    private(set) var stores: [Int32: UserStore] = [:]
    let items: ItemTable
    private(set) var moments: [Origin: Moment] = [:]
    private(set) var rejected: [Origin: (code: RejectionCode, record: StoredRecord)] = [:]
    private(set) var learnt = 0
    /// One block for each partition: all that its events teach.
    private(set) var blocks: [[UInt8]] = []
    /// One more than the offset of the last committed record.
    private(set) var ends: [Int32: Int64] = [:]

    init(_ world: World, _ broker: SimulatedBroker) {
        items = ItemTable(settings: world.settings.items)
        let fold = UserFold(settings: world.settings.user)
        let codec = UserStateCodec(items: items.identifiers)
        let decoder = EventDecoder(typeNames: world.settings.typeNames)
        for number in 0..<Int32(world.partitions) {
            let store = UserStore()
            let block = ItemLogBlockWriter(items: items.identifiers)
            block.begin(first: 0)
            for record in broker.partition(.events, number).everCommitted {
                let origin = Origin(partition: number, offset: record.offset)
                ends[number] = record.offset + 1
                record.deliver(topic: .events, partition: number) { delivered in
                    apply(delivered, record, origin, store, block, world, fold, codec, decoder)
                }
            }
            stores[number] = store
            let writer = ByteWriter()
            block.finish(partition: number, end: ends[number] ?? 0, to: writer)
            if block.byteCount > 0 { blocks.append(Array(writer.bytes)) }
        }
    }

    private func apply(
        _ delivered: borrowing LogRecord, _ record: StoredRecord, _ origin: Origin, _ store: UserStore,
        _ block: ItemLogBlockWriter, _ world: World, _ fold: UserFold, _ codec: UserStateCodec, _ decoder: EventDecoder
    ) {
        guard let value = delivered.value, value.count > 0 else {
            rejected[origin] = (.emptyValue, record)
            return
        }
        var event = ShopEvent()
        let key = delivered.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
        if let rejection = decoder.decode(value, into: &event)
            ?? world.settings.admission.admit(&event, key: key, recordTime: delivered.timestamp)
        {
            rejected[origin] = (rejection.code, record)
            return
        }
        let item = event.type == .userDeleted ? IdentifierTable.none : items.identifiers.intern(event.item)
        guard case .learnt(let lesson) = fold.apply(event, item: item, offset: record.offset, to: store) else { return }
        learnt += 1
        block.add(
            event, item: item, isNewPair: lesson.isNewPair,
            preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount), offset: record.offset)
        let writer = ByteWriter()
        codec.encode(store[lesson.user], to: writer)
        moments[origin] = Moment(user: Array(event.user), state: Array(writer.bytes))
    }

    func hash(_ partition: Int32) -> StateHash { stores[partition]?.hash(items: items.identifiers) ?? StateHash() }
}
