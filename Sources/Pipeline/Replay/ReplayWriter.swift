internal import Events
internal import Models

/// Where a replay writes the state that it rebuilt.
public protocol ReplayOutput: AnyObject {
    func add(_ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?)
        throws(LogError)
    /// Waits until everything added is written.
    func flush() throws(LogError)
    /// Moves the group to where the replay ended.
    func setOffsets(_ offsets: [Int32: Int64]) throws(LogError)
    /// The offset of the next record of the item log.
    func itemLogEnd() throws(LogError) -> Int64
}

extension Replay {
    /// Writes what was rebuilt, so that `serve` goes on from there: user states with markers, the item table as a snapshot
    /// at the item log's present end, and last the group's offsets.
    public func write(to output: any ReplayOutput, ends: [Int32: Int64]) throws(LogError) {
        let codec = UserStateCodec(items: items.table.identifiers)
        let writer = ByteWriter()
        let key = ByteWriter()
        for (partition, end) in ends { items.pass(partition, to: end) }
        for partition in stores.keys.sorted() {
            guard let store = stores[partition] else { continue }
            for user in 0..<store.upperBound where store[UserStore.User(user)].isPresent {
                key.removeAll()
                key.byte(CheckpointRecord.userPrefix)
                key.raw(store.identifiers.bytes(UserStore.User(user)))
                writer.removeAll()
                codec.encode(store[UserStore.User(user)], to: writer)
                try output.add(.users, partition: partition, key: key.bytes, value: writer.bytes)
            }
            key.removeAll()
            key.text(CheckpointRecord.markerKey)
            writer.removeAll()
            CheckpointRecord.Marker(
                offset: ends[partition] ?? 0, fingerprint: settings.fingerprint, writer: ""
            ).encode(to: writer)
            try output.add(.users, partition: partition, key: key.bytes, value: writer.bytes)
        }
        items.skip(to: try output.itemLogEnd())
        let (chunks, manifest) = ItemSnapshot.encode(items, fingerprint: settings.fingerprint)
        for chunk in chunks {
            try addSnapshot(ItemSnapshot.key(offset: manifest.offset, chunk: chunk.number), chunk.value, to: output)
        }
        writer.removeAll()
        manifest.encode(to: writer)
        try addSnapshot(ItemSnapshot.key(offset: manifest.offset, chunk: nil), Array(writer.bytes), to: output)
        try output.flush()
        try output.setOffsets(ends)
    }

    private func addSnapshot(_ key: String, _ value: [UInt8], to output: any ReplayOutput) throws(LogError) {
        let key = Array(key.utf8)
        var problem: LogError?
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                do throws(LogError) { try output.add(.snapshots, partition: 0, key: key, value: value) } catch {
                    problem = error
                }
            }
        }
        if let problem { throw problem }
    }
}
