internal import Events
internal import Models

/// The shelf itself as a record. Whoever wrote to the topic writes it when what was written has come back: a start takes it
/// up and reads on from there, and of all the chunks before only those of the generation to serve.
extension GenerationShelf {
    var record: GenerationRecords.Record { (GenerationRecords.Key.shelf.text, encoded()) }

    /// That of the manifests, which the record does not repeat: what one version of the program takes for whole another one
    /// may not be able to read, and the reverse. Version 1 forgot whose generations could not be read.
    private static let version = GenerationRecords.version

    func encoded() -> [UInt8] {
        let writer = ByteWriter()
        writer.byte(Self.version)
        writer.signed(position)
        writer.varint(entries.count)
        for number in entries.keys.sorted() {
            guard let entry = entries[number] else { continue }
            writer.varint(number)
            writer.signed(entry.firstOffset)
            writer.varint(entry.chunks.count)
            for (chunk, hash) in entry.chunks.sorted(by: { $0.key < $1.key }) {
                writer.varint(chunk)
                writer.fixed(hash)
            }
            writer.varint(entry.manifest.map { $0.hashes.count + 1 } ?? 0)
            guard let manifest = entry.manifest else { continue }
            writer.fixed(manifest.content)
            for hash in manifest.hashes { writer.fixed(hash) }
        }
        writer.varint(decisions.count)
        for number in decisions.keys.sorted() {
            guard let decision = decisions[number] else { continue }
            let bytes = GenerationDecisionCodec.encode(decision)
            writer.varint(number)
            bytes.withUnsafeBytes { writer.counted($0) }
        }
        for numbers in [promotions, overwritten.sorted(), foreign.sorted(), pinned.map { [$0] } ?? []] {
            writer.varint(numbers.count)
            for number in numbers { writer.varint(number) }
        }
        return Array(writer.bytes)
    }

    /// - Throws: for what another version of the program wrote too; then the topic is read from its beginning.
    init(encoded bytes: UnsafeRawBufferPointer) throws {
        self.init()
        var reader = ByteReader(bytes)
        guard try reader.byte() == Self.version else { throw ByteReader.Malformed(offset: 0) }
        let position = try reader.signed()
        for _ in 0..<(try reader.count()) {
            let number = try Self.number(&reader)
            var entry = Entry()
            entry.firstOffset = try reader.signed()
            for _ in 0..<(try reader.count()) {
                let chunk = try Self.number(&reader)
                entry.chunks[chunk] = try reader.fixed(UInt64.self)
            }
            let hashes = try reader.count()
            if hashes > 0 {
                let content = try reader.fixed(UInt64.self)
                entry.manifest = (try reader.array(count: hashes - 1), content)
            }
            entries[number] = entry
        }
        for _ in 0..<(try reader.count()) {
            let number = try Self.number(&reader)
            decisions[number] = try GenerationDecisionCodec.decode(try reader.counted())
        }
        promotions = try Self.numbers(&reader)
        overwritten = Set(try Self.numbers(&reader))
        foreign = Set(try Self.numbers(&reader))
        pinned = try Self.numbers(&reader).first
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
        self.position = position
    }

    private static func number(_ reader: inout ByteReader) throws -> Int { try reader.count(limit: Int(Int32.max)) }

    private static func numbers(_ reader: inout ByteReader) throws -> [Int] {
        var numbers: [Int] = []
        for _ in 0..<(try reader.count()) { numbers.append(try number(&reader)) }
        return numbers
    }
}
