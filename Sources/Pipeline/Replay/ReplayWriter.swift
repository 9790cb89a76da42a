internal import Events
internal import Models

/// Where a replay writes the state that it rebuilt, and the lists made from it.
///
/// With transactions everything between `begin` and `finish` is one: state, lists and offsets appear together or not at all.
public protocol ReplayOutput: AnyObject {
    /// - Parameter records: about how many will be added.
    func begin(records: Int) throws(LogError)
    func add(_ record: borrowing OutputRecord) throws(LogError)
    /// Waits until everything added is written, and moves the group to where the replay ended.
    func finish(_ offsets: [Int32: Int64]) throws(LogError)
    /// The most bytes that a record of a topic may have, key and value together.
    func bytesMax(_ topic: LogTopic) -> Int
    /// The offset of the next record of the item log.
    func itemLogEnd() throws(LogError) -> Int64
}

extension Replay {
    /// Writes what was rebuilt, so that `serve` goes on from there: user states with markers, the item table as a snapshot
    /// at the item log's present end, the lists that `publisher` makes of it and of the catalogue, and last the group's
    /// offsets.
    public func write(
        to output: any ReplayOutput, ends: [Int32: Int64], publisher: ReplayPublisher? = nil
    ) throws(LogError) {
        let users = stores.values.reduce(0) { $0 + $1.count }
        try output.begin(records: publisher == nil ? users : 2 * users)
        for (partition, end) in ends { items.pass(partition, to: end) }
        // Before the snapshot: a list can be computed again from the table that it was made of.
        try publisher?.takeCatalogue(into: self)
        try writeUsers(to: output, ends)
        try writeItems(to: output)
        try publisher?.publish(self, to: output)
        try output.finish(ends)
    }

    private func writeUsers(to output: any ReplayOutput, _ ends: [Int32: Int64]) throws(LogError) {
        let codec = UserStateCodec(items: items.table.identifiers)
        let writer = ByteWriter()
        let key = ByteWriter()
        for partition in stores.keys.sorted() {
            guard let store = stores[partition] else { continue }
            for user in 0..<store.upperBound where store[UserStore.User(user)].isPresent {
                key.removeAll()
                key.byte(CheckpointRecord.userPrefix)
                key.raw(store.identifiers.bytes(UserStore.User(user)))
                writer.removeAll()
                codec.encode(store[UserStore.User(user)], to: writer)
                try output.add(
                    OutputRecord(topic: .users, partition: partition, key: key.bytes, value: writer.bytes))
            }
            key.removeAll()
            key.text(CheckpointRecord.markerKey)
            writer.removeAll()
            CheckpointRecord.Marker(
                offset: ends[partition] ?? 0, fingerprint: settings.fingerprint, typeNames: settings.typeNames.hash,
                writer: ""
            ).encode(to: writer)
            try output.add(
                OutputRecord(topic: .users, partition: partition, key: key.bytes, value: writer.bytes))
        }
    }

    private func writeItems(to output: any ReplayOutput) throws(LogError) {
        items.skip(to: try output.itemLogEnd())
        let (chunks, manifest) = ItemSnapshot.encode(
            items, fingerprint: settings.fingerprint, bytesMax: output.bytesMax(.snapshots))
        for chunk in chunks {
            try addSnapshot(ItemSnapshot.key(offset: manifest.offset, chunk: chunk.number), chunk.value, to: output)
        }
        let writer = ByteWriter()
        manifest.encode(to: writer)
        try addSnapshot(ItemSnapshot.key(offset: manifest.offset, chunk: nil), Array(writer.bytes), to: output)
    }

    private func addSnapshot(_ key: String, _ value: [UInt8], to output: any ReplayOutput) throws(LogError) {
        let key = Array(key.utf8)
        var problem: LogError?
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                do throws(LogError) {
                    try output.add(OutputRecord(topic: .snapshots, partition: 0, key: key, value: value))
                } catch {
                    problem = error
                }
            }
        }
        if let problem { throw problem }
    }
}
