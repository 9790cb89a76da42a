internal import Events

/// Finds the newest complete snapshot in `freshet.snapshots` that a fold can use, without reading what it does not need.
///
///     last records ──a manifest──► from its first chunk ──complete──► found
///          │                              │
///          └──────────none────────────────┴──incomplete, damaged──► the whole topic ──► found, or none
///                                                                     ▲          │
///                                                                     └─damaged──┘
final class SnapshotCollector {
    private let fingerprint: UInt64
    /// Whose snapshot it is to be: what it cannot load is passed over.
    private let fold: ItemFold?
    /// Later snapshots are left out.
    private let bound: Int64
    private let open: (Int64) throws(LogError) -> any LogReader
    private var reader: any LogReader
    private var stage: Stage
    private var chunks: [String: [Int: [UInt8]]] = [:]
    private var manifests: [String: (manifest: ItemSnapshot.Manifest, place: Int64)] = [:]

    /// The newest two that were complete when their manifest came.
    private var wholeOffsets: [Int64] = []

    /// The newest complete snapshot that the fold can load, its chunks in their order; once there is nothing more to read.
    private(set) var newest: (manifest: ItemSnapshot.Manifest, chunks: [[UInt8]])?
    /// Complete ones that the fold cannot load, by their offsets, and why.
    private(set) var damaged: [Int64: String] = [:]

    private enum Stage { case lastRecords, lastSnapshot, everything }

    /// The manifest is the last record of a snapshot; a transaction's marker may follow.
    private static let tail: Int64 = 8

    /// - Parameters:
    ///   - fold: that is going to load it; still empty.
    ///   - fingerprint: of the settings that the fold has.
    ///   - bound: the largest offset of the item log that a snapshot may be of.
    ///   - open: reads the topic from an offset on; −n begins n offsets before the end.
    init(
        for fold: ItemFold? = nil, fingerprint: UInt64, upTo bound: Int64 = .max,
        open: @escaping (Int64) throws(LogError) -> any LogReader
    ) throws(LogError) {
        self.fold = fold
        self.fingerprint = fingerprint
        self.bound = bound
        self.open = open
        // An old one is looked for: it may be anywhere.
        stage = bound == .max ? .lastRecords : .everything
        reader = try open(stage == .lastRecords ? -Self.tail : 0)
    }

    /// Reads on; true when there is nothing more to read.
    func advance() throws(LogError) -> Bool {
        guard try readOn() else { return false }
        switch stage {
        case .lastRecords:
            if let last = newestManifest {
                // Its chunks lie before it with the markers of their transactions, and the tombstones of an older
                // snapshot of about the same size.
                try go(to: .lastSnapshot, from: max(0, last.place - 2 * Int64(last.manifest.chunks) - 16))
            } else {
                try go(to: .everything, from: 0)
            }
            return false
        case .lastSnapshot:
            if findNewest(), newest != nil { return true }
        case .everything:
            if findNewest() { return true }
        }
        // Of older ones not all may have been read, or kept.
        try go(to: .everything, from: 0)
        return false
    }

    /// Looks among what was read; false where it is damaged, so that an older one is to be looked for.
    private func findNewest() -> Bool {
        guard let found = newestComplete else { return true }
        if let fold {
            do { try ItemSnapshot.Loader.tryOut(found.chunks, found.manifest, for: fold) } catch {
                damaged[found.manifest.offset] = "\(error)"
                return false
            }
        }
        newest = found
        return true
    }

    private func go(to next: Stage, from offset: Int64) throws(LogError) {
        chunks.removeAll()
        manifests.removeAll()
        wholeOffsets.removeAll()
        stage = next
        reader = try open(offset)
    }

    private func readOn() throws(LogError) -> Bool {
        try reader.read(max: 1000, timeoutMilliseconds: restoreWaitMilliseconds) { record in
            guard let key = record.key else { return }
            let parts = String(decoding: key, as: UTF8.self).split(separator: "/")
            guard parts.count == 2, let offset = Int64(parts[0], radix: 16), offset >= 0, offset <= bound else {
                return
            }
            let name = String(parts[0])
            // Of a torn snapshot at the place of a whole one only the chunks that are too many are deleted.
            if let number = Int(parts[1]) {
                guard (0..<ItemSnapshot.chunksMax).contains(number) else { return }
                chunks[name, default: [:]][number] = record.value.map(Array.init)
                return
            }
            guard let value = record.value else {
                manifests[name] = nil
                return
            }
            if let manifest = try? ItemSnapshot.Manifest(value) {
                manifests[name] = (manifest, record.offset)
                guard isUsable(manifest), isComplete(name, manifest) else { return }
                // Once there are two, older ones are not needed; the newest may still be spoilt by a chunk that comes late.
                wholeOffsets = Set(wholeOffsets + [manifest.offset]).sorted().suffix(2)
                guard wholeOffsets.count == 2 else { return }
                for (other, older) in manifests where older.manifest.offset < wholeOffsets[0] { chunks[other] = nil }
            }
        }
    }

    private var newestManifest: (manifest: ItemSnapshot.Manifest, place: Int64)? {
        manifests.values.filter { $0.manifest.fingerprint == fingerprint }
            .max { $0.manifest.offset < $1.manifest.offset }
    }

    /// The snapshots that are there, rising: those that were seen, whoever can use them, and those that the newest one
    /// says came before it.
    var kept: [ItemSnapshot.Place] {
        let seen = manifests.values.map(\.manifest).sorted { $0.offset < $1.offset }
        guard let last = seen.last else { return [] }
        let earlier = last.earlier.filter { place in !seen.contains { $0.offset == place.offset } }
        return (earlier + seen.map(\.asPlace)).sorted { $0.offset < $1.offset }
    }

    /// Snapshots whose writer came to no manifest: nobody will read them, and compaction keeps them.
    var torn: [ItemSnapshot.Place] {
        chunks.filter { manifests[$0.key] == nil }.compactMap { name, parts in
            guard let offset = Int64(name, radix: 16), let last = parts.keys.max() else { return nil }
            return ItemSnapshot.Place(offset: offset, chunks: last + 1)
        }
    }

    /// Whether the chunks are there, and are those that the manifest was written for: two leaders may have written at the
    /// same place. More chunks than the manifest has are of a torn one there.
    private func isComplete(_ name: String, _ manifest: ItemSnapshot.Manifest) -> Bool {
        let parts = chunks[name] ?? [:]
        guard (0..<manifest.chunks).allSatisfy({ parts[$0] != nil }) else { return false }
        return ItemSnapshot.content(of: (0..<manifest.chunks).lazy.compactMap { parts[$0] }) == manifest.content
    }

    private func isUsable(_ manifest: ItemSnapshot.Manifest) -> Bool {
        manifest.fingerprint == fingerprint && damaged[manifest.offset] == nil
    }

    private var newestComplete: (manifest: ItemSnapshot.Manifest, chunks: [[UInt8]])? {
        let usable = manifests.filter { name, found in isUsable(found.manifest) && isComplete(name, found.manifest) }
        guard let (name, found) = usable.max(by: { $0.value.manifest.offset < $1.value.manifest.offset }) else {
            return nil
        }
        let parts = chunks[name] ?? [:]
        return (found.manifest, (0..<found.manifest.chunks).compactMap { parts[$0] })
    }
}

extension ItemSnapshot {
    /// The key of a chunk, or of the manifest (nil), of the snapshot at an offset of the item log.
    public static func key(offset: Int64, chunk: Int?) -> String {
        let name = String(offset, radix: 16)
        return String(repeating: "0", count: 16 - name.count) + name + "/" + (chunk.map(String.init) ?? "manifest")
    }
}
