internal import Events
internal import Models

/// A deployment's state as it is committed, as pieces that `ReplayBase` takes up again, with rows that people read.
public struct StateExport {
    /// A user: the exact state, and what it says.
    public struct User {
        /// Of the events topic.
        public let partition: Int32
        /// The record of `freshet.users`.
        public let state: [UInt8]
        /// The row of `features.users`.
        public let features: [UInt8]
        /// A JSON array of the history, newest first: item, rating at the user's last event, time of the last touch.
        public let history: [UInt8]
    }

    private let worker: Worker
    private let table: (chunks: [ItemSnapshot.Chunk], manifest: ItemSnapshot.Manifest)

    /// - Parameter worker: restored, and not stepped any more.
    public init(_ worker: Worker) {
        self.worker = worker
        table = ItemSnapshot.encode(worker.items, fingerprint: worker.settings.fingerprint)
    }

    /// Whether the items have learnt everything that the users have: a base must not lack what no replay would bring.
    /// A service at work may be ahead with either.
    public static func isWhole(_ worker: Worker) -> Bool {
        worker.partitions.values.allSatisfy { partition in
            partition.store.count == 0 || (worker.items.expected[partition.partition] ?? 0) >= partition.position
        }
    }

    /// The next offset of each partition of the events topic.
    public var positions: [Int32: Int64] { worker.partitions.mapValues(\.position) }
    public var userCount: Int { worker.partitions.values.reduce(0) { $0 + $1.store.count } }
    /// The items that have a row.
    public var itemCount: Int { worker.items.table.liveCount }

    /// The value of the manifest's record in a snapshot of the items, and those of its chunks in their order.
    public var manifest: [UInt8] {
        let writer = ByteWriter()
        table.manifest.encode(to: writer)
        return Array(writer.bytes)
    }

    public var chunks: [[UInt8]] { table.chunks.map(\.value) }

    /// Every user once, by partitions.
    public func forEachUser(_ body: (User) throws -> Void) rethrows {
        for partition in worker.partitions.keys.sorted() {
            guard let store = worker.partitions[partition]?.store else { continue }
            let writer = ByteWriter()
            for user in 0..<store.upperBound where store[UserStore.User(user)].isPresent {
                let user = UserStore.User(user)
                writer.removeAll()
                worker.codec.encode(store[user], to: writer)
                let state = Array(writer.bytes)
                writer.removeAll()
                worker.userFeatures.write(
                    user: store.identifiers.bytes(user), state: store[user], table: worker.items.table, vectors: nil,
                    to: writer)
                let features = Array(writer.bytes)
                writer.removeAll()
                writeHistory(store[user], to: writer)
                try body(User(partition: partition, state: state, features: features, history: Array(writer.bytes)))
            }
        }
    }

    /// The row of `features.items` of every item that has one.
    public func forEachItem(_ body: ([UInt8]) throws -> Void) rethrows {
        let table = worker.items.table
        for item in 0..<table.upperBound where table.attributes(UInt32(item)).isLive {
            let writer = ByteWriter()
            ItemFeatureBuilder().write(item: UInt32(item), fold: worker.items, to: writer)
            try body(Array(writer.bytes))
        }
    }

    private func writeHistory(_ state: UserState, to writer: ByteWriter) {
        writer.text("[")
        for (place, entry) in state.entries.reversed().enumerated() {
            writer.text(place == 0 ? "{\"product_id\":" : ",{\"product_id\":")
            JSONText.string(worker.items.table.identifiers.bytes(entry.item), to: writer)
            writer.text(",\"rating\":")
            JSONText.decimal(
                entry.rating.rating(
                    at: state.latestTime, scale: worker.settings.scale, decay: worker.settings.decay), to: writer)
            writer.text(",\"time\":\"")
            JSONText.time(entry.rating.lastTouch ?? 0, to: writer)
            writer.text("\"}")
        }
        writer.text("]")
    }
}
