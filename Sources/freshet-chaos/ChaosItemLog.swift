import Events
import Kafka
import Models
import Pipeline

/// The item log, folded from its very first record: what all instances learnt from, whatever snapshots say.
struct ChaosItemLog {
    let hash: String
    let learnt: Int
    /// Blocks that do not begin where the last one of their partition ended: in transactions there are none.
    let breaks: Int

    init(_ bootstrap: String) throws {
        let reader = try PartitionReader(["bootstrap.servers": bootstrap, "isolation.level": "read_committed"])
        try reader.assign([PartitionOffset("freshet.items", 0, 0)])
        let fold = ItemFold(table: ItemTable(settings: WorkerSettings().items))
        var ends: [UInt64: UInt64] = [:]
        var breaks = 0
        var isAtEnd = false
        while !isAtEnd {
            let polled = reader.poll(max: 1000, timeoutMilliseconds: 1000)
            for message in polled.messages {
                guard let value = message.value else { continue }
                try fold.apply(value, at: message.offset)
                // Version, kind (0 for events), partition, first offset, end.
                var bytes = ByteReader(value)
                guard try bytes.byte() > 0, try bytes.byte() == 0 else { continue }
                let (partition, first, end) = (try bytes.varint(), try bytes.varint(), try bytes.varint())
                if let known = ends[partition], known != first { breaks += 1 }
                ends[partition] = end
            }
            polled.messages.destroy()
            isAtEnd = polled.events.contains { if case .endOfPartition = $0 { true } else { false } }
        }
        hash = fold.table.hash().hex
        learnt = fold.learnt
        self.breaks = breaks
    }
}
