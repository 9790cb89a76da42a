internal import Events
internal import Models

/// Follows `freshet.models` and hands over each generation that has come in whole and is newer than the last.
public final class GenerationFollower {
    private let reader: any LogReader
    private var chunks: [Int: [Int: [UInt8]]] = [:]
    private var newest: Int?
    /// The generation to serve while the topic is being read for the first time: only the last one is decoded.
    private var complete: [Int] = []
    /// Whether everything that was in the topic at the start has been read.
    public private(set) var hasCaughtUp = false
    /// The generations whose records are in the topic, with their chunks.
    public private(set) var chunkCounts: [Int: Int] = [:]

    /// The one generation that is looked for, if it is not the newest.
    private let wanted: Int?

    init(_ reader: any LogReader, only wanted: Int? = nil) {
        self.reader = reader
        self.wanted = wanted
    }

    /// Reads on; a newer generation when one is complete.
    func advance() throws(LogError) -> Generation? {
        let isAtEnd = try reader.read(max: 64, timeoutMilliseconds: hasCaughtUp ? 0 : 20) { record in
            guard let key = record.key else { return }
            let parts = String(decoding: key, as: UTF8.self).split(separator: "/")
            guard parts.count == 2, let number = Int(parts[0]),
                wanted == nil || wanted == number
            else { return }
            guard let value = record.value else {
                chunks[number] = nil
                complete.removeAll { $0 == number }
                chunkCounts[number] = nil
                return
            }
            if let chunk = Int(parts[1]) {
                chunks[number, default: [:]][chunk] = Array(value)
            } else if isWhole(number, manifest: value) {
                complete.append(number)
                chunkCounts[number] = chunks[number]?.count
                for other in chunks.keys where other < number { chunks[other] = nil }
            }
        }
        if isAtEnd { hasCaughtUp = true }
        guard hasCaughtUp, let number = complete.max(), number > (newest ?? -1) else { return nil }
        complete.removeAll()
        return try decode(number)
    }

    private func isWhole(_ number: Int, manifest: UnsafeRawBufferPointer) -> Bool {
        var reader = ByteReader(manifest)
        guard let version = try? reader.byte(), version == GenerationCodec.version,
            let count = try? reader.varint(), let bytes = try? reader.varint(), let parts = chunks[number]
        else { return false }
        return parts.count == Int(count) && parts.values.reduce(0) { $0 + $1.count } == Int(bytes)
    }

    private func decode(_ number: Int) throws(LogError) -> Generation? {
        guard let parts = chunks[number] else { return nil }
        chunks[number] = nil
        var stream: [UInt8] = []
        for chunk in parts.keys.sorted() { stream += parts[chunk] ?? [] }
        do {
            let generation = try stream.withUnsafeBytes { try GenerationCodec.decode($0) }
            newest = number
            return generation
        } catch {
            throw LogError(.state, "generation \(number) in the models topic is damaged: \(error)")
        }
    }
}
