/// Reads `freshet.snapshots` and keeps the newest complete snapshot that this program can use.
final class SnapshotCollector {
    private let reader: any LogReader
    private var chunks: [String: [Int: [UInt8]]] = [:]
    private var manifests: [String: ItemSnapshot.Manifest] = [:]

    /// Later snapshots are left out.
    private let bound: Int64

    init(_ reader: any LogReader, upTo bound: Int64 = .max) {
        self.reader = reader
        self.bound = bound
    }

    /// Reads on; true at the end of the topic.
    func advance() throws(LogError) -> Bool {
        try reader.read(max: 1000, timeoutMilliseconds: restoreWaitMilliseconds) { record in
            guard let key = record.key else { return }
            let parts = String(decoding: key, as: UTF8.self).split(separator: "/")
            guard parts.count == 2, let offset = Int64(parts[0], radix: 16), offset <= bound else { return }
            let name = String(parts[0])
            guard let value = record.value else {
                chunks[name] = nil
                manifests[name] = nil
                return
            }
            if let number = Int(parts[1]) {
                chunks[name, default: [:]][number] = Array(value)
            } else if let manifest = try? ItemSnapshot.Manifest(value) {
                manifests[name] = manifest
                // Older ones are not needed once a newer one is complete.
                guard chunks[name]?.count == manifest.chunks else { return }
                for (other, older) in manifests where older.offset < manifest.offset { chunks[other] = nil }
            }
        }
    }

    /// The offsets of the snapshots that are there, rising, and how many chunks each has.
    var offsets: [Int64] { manifests.values.map(\.offset).sorted() }
    var chunkCounts: [Int64: Int] {
        manifests.values.reduce(into: [:]) { $0[$1.offset] = $1.chunks }
    }

    /// The newest complete snapshot with this fingerprint.
    func newest(fingerprint: UInt64) -> (manifest: ItemSnapshot.Manifest, chunks: [[UInt8]])? {
        let usable = manifests.filter { name, manifest in
            manifest.fingerprint == fingerprint && chunks[name]?.count == manifest.chunks
        }
        guard let (name, manifest) = usable.max(by: { $0.value.offset < $1.value.offset }) else { return nil }
        let parts = chunks[name] ?? [:]
        return (manifest, parts.keys.sorted().compactMap { parts[$0] })
    }
}

extension ItemSnapshot {
    /// The key of a chunk, or of the manifest (nil), of the snapshot at an offset of the item log.
    public static func key(offset: Int64, chunk: Int?) -> String {
        let name = String(offset, radix: 16)
        return String(repeating: "0", count: 16 - name.count) + name + "/" + (chunk.map(String.init) ?? "manifest")
    }
}
