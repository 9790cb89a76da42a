import Events
import Models

@testable import Pipeline

/// The two folds with the item log between them, as a worker has them, without a broker.
final class SmallShop {
    let items: ItemFold
    let fold: UserFold
    let store = UserStore()
    let codec: UserStateCodec
    let block: ItemLogBlockWriter
    var offset: Int64 = 0
    private(set) var itemLog: [[UInt8]] = []

    init(user: UserFold.Settings = .init(), items settings: ItemTable.Settings = .init()) {
        items = ItemFold(table: ItemTable(settings: settings))
        fold = UserFold(settings: user)
        codec = UserStateCodec(items: items.table.identifiers)
        block = ItemLogBlockWriter(items: items.table.identifiers)
        block.begin(first: 0)
    }

    /// Applies an event at the next offset of partition 0.
    @discardableResult
    func apply(_ sample: SampleEvent) -> UserFold.Outcome {
        defer { offset += 1 }
        return sample.with { event in
            let item = event.item.count == 0 ? IdentifierTable.none : items.table.identifiers.intern(event.item)
            let outcome = fold.apply(event, item: item, offset: offset, to: store)
            if case .learnt(let lesson) = outcome {
                block.add(
                    event, item: item, isNewPair: lesson.isNewPair,
                    preceding: .init(start: fold.preceding, count: lesson.precedingCount), offset: offset)
            }
            return outcome
        }
    }

    /// Ends the block and folds it.
    func closeBlock() throws {
        let writer = ByteWriter()
        block.finish(partition: 0, end: offset, to: writer)
        try items.apply(writer.bytes, at: items.offset)
        itemLog.append(Array(writer.bytes))
        block.begin(first: offset)
    }

    func apply(_ samples: [SampleEvent], blockOf: Int = 50) throws {
        for (index, sample) in samples.enumerated() {
            apply(sample)
            if index % blockOf == blockOf - 1 { try closeBlock() }
        }
        try closeBlock()
    }

    var users: [UserStore.User] {
        (0..<UInt32(store.upperBound)).filter { store[$0].isPresent }
    }
}

extension ByteWriter {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
