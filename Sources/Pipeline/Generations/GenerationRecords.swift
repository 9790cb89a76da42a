internal import Events
internal import Models

/// The records of `freshet.models`, by their keys:
///
/// - `<number>/<chunk>`: a piece of a generation's stream.
/// - `<number>/manifest`: how many chunks there are, and the hash of each: it comes last.
/// - `decision/<number>`: what was decided about it (`GenerationDecision`).
/// - `serving`: the number of a generation that is served whatever else is promoted; a tombstone ends it.
/// - `shelf`: what all of these say up to an offset, so that a start need not read everything (`GenerationShelf`).
///
/// Each key stands for itself, so compaction loses nothing that counts.
public enum GenerationRecords {
    /// That of the manifest of a stream of the last version: manifests go with their streams, so that they tell whose stream
    /// cannot be read. A generation of a later program is left alone for it, and not met as damage.
    static let version = version(stream: GenerationCodec.version)
    private static let readable: ClosedRange<UInt8> = 2...version
    /// Bytes of a chunk, where the topic takes them.
    public static let chunkBytes = 900_000
    /// A chunk's key, generously.
    private static let keyBytes = 64
    /// Promoted generations that are kept: a rollback reaches one less back.
    public static let promotedKept = 3
    /// Decisions that are kept.
    public static let decisionsMax = 48

    /// A record to write; nil as value is a tombstone.
    public typealias Record = (key: String, value: [UInt8]?)

    /// What a key is of.
    enum Key: Equatable {
        case chunk(generation: Int, Int)
        case manifest(generation: Int)
        case decision(generation: Int)
        case serving
        case shelf

        init?(_ bytes: UnsafeRawBufferPointer) {
            let text = String(decoding: bytes, as: UTF8.self)
            if text == Key.serving.text {
                self = .serving
                return
            }
            if text == Key.shelf.text {
                self = .shelf
                return
            }
            let parts = text.split(separator: "/")
            guard parts.count == 2 else { return nil }
            if parts[0] == "decision", let number = GenerationRecords.number(parts[1]) {
                self = .decision(generation: number)
            } else if let number = GenerationRecords.number(parts[0]), parts[1] == "manifest" {
                self = .manifest(generation: number)
            } else if let number = GenerationRecords.number(parts[0]), let chunk = GenerationRecords.number(parts[1]) {
                self = .chunk(generation: number, chunk)
            } else {
                return nil
            }
        }

        var text: String {
            switch self {
            case .chunk(let number, let chunk): "\(number)/\(chunk)"
            case .manifest(let number): "\(number)/manifest"
            case .decision(let number): "decision/\(number)"
            case .serving: "serving"
            case .shelf: "shelf"
            }
        }
    }

    /// The number that a text says. Numbers are followed by others and stored as they are: what is none of ours must not come
    /// near the largest one.
    static func number(_ text: some StringProtocol) -> Int? {
        Int(text).flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
    }

    /// The chunks of a generation and its manifest, in the order in which they are written.
    /// - Parameter bytesMax: of a record that the topic takes.
    static func generation(_ generation: Generation, bytesMax: Int) -> [(key: Key, value: [UInt8])] {
        let most = max(1, min(chunkBytes, bytesMax - keyBytes))
        return chunked(GenerationCodec.encode(generation), number: generation.number, chunkBytes: most)
    }

    /// The version of a manifest of a stream: 2 for every one up to the fifth version, one more with each since.
    private static func version(stream: UInt8) -> UInt8 { max(5, stream) - 3 }

    static func chunked(_ stream: [UInt8], number: Int, chunkBytes: Int) -> [(key: Key, value: [UInt8])] {
        var records: [(key: Key, value: [UInt8])] = []
        let manifest = ByteWriter()
        var hashes: [UInt64] = []
        for start in stride(from: 0, to: stream.count, by: chunkBytes) {
            let chunk = Array(stream[start..<min(start + chunkBytes, stream.count)])
            records.append((.chunk(generation: number, hashes.count), chunk))
            hashes.append(chunk.withUnsafeBytes { Hash64.hash($0) })
        }
        manifest.byte(version(stream: stream.first ?? GenerationCodec.version))
        manifest.varint(hashes.count)
        for hash in hashes { manifest.fixed(hash) }
        records.append((.manifest(generation: number), Array(manifest.bytes)))
        return records
    }

    /// The chunks' hashes that a manifest names; nil for another version's.
    static func hashes(manifest: UnsafeRawBufferPointer) -> [UInt64]? {
        var reader = ByteReader(manifest)
        guard let version = try? reader.byte(), readable.contains(version), let count = try? reader.count() else {
            return nil
        }
        return try? reader.array(count: count)
    }

    static func decision(_ decision: GenerationDecision) -> Record {
        (Key.decision(generation: decision.number).text, GenerationDecisionCodec.encode(decision))
    }

    /// - Parameter number: nil ends a pin.
    static func serving(_ number: Int?) -> Record { (Key.serving.text, number.map { Array(String($0).utf8) }) }
}
