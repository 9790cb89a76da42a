public import Events
internal import Models

extension ItemSnapshot.Manifest {
    /// Appends the value of the manifest's record.
    public func encode(to writer: ByteWriter) {
        writer.byte(ItemSnapshot.version)
        writer.signed(offset)
        writer.varint(chunks)
        writer.fixed(content)
        writer.varint(identifiers)
        writer.fixed(fingerprint)
        writer.signed(latestTime)
        writer.signed(epoch)
        writer.varint(expected.count)
        for partition in expected.keys.sorted() {
            writer.varint(UInt64(partition))
            writer.signed(expected[partition] ?? 0)
        }
        for steps in [popularitySteps, activitySteps] {
            writer.varint(steps.count)
            for step in steps { writer.signed(step) }
        }
        writer.varint(earlier.count)
        for place in earlier {
            writer.signed(place.offset)
            writer.varint(place.chunks)
        }
    }

    /// Reads the value of a manifest's record.
    /// - Throws: `ByteReader.Malformed` for another version, and for numbers that no snapshot has.
    public init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        guard try reader.byte() == ItemSnapshot.version else { throw ByteReader.Malformed(offset: 0) }
        offset = try Self.offset(&reader)
        chunks = try Self.number(&reader, below: ItemSnapshot.chunksMax)
        content = try reader.fixed(UInt64.self)
        identifiers = try Self.number(&reader, below: Int(IdentifierTable.none))
        fingerprint = try reader.fixed(UInt64.self)
        latestTime = try reader.time()
        epoch = try reader.signed()
        expected = [:]
        for _ in 0..<(try reader.count()) {
            let partition = Int32(try Self.number(&reader, below: Int(Int32.max)))
            expected[partition] = try Self.offset(&reader)
        }
        popularitySteps = []
        activitySteps = []
        for _ in 0..<(try reader.count()) { popularitySteps.append(try reader.signed()) }
        for _ in 0..<(try reader.count()) { activitySteps.append(try reader.signed()) }
        for _ in 0..<(try reader.count()) {
            earlier.append(
                ItemSnapshot.Place(
                    offset: try Self.offset(&reader),
                    chunks: try Self.number(&reader, below: ItemSnapshot.chunksMax)))
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
    }

    /// An offset that a log can have: sums of them, one for each partition, stay numbers.
    private static func offset(_ reader: inout ByteReader) throws -> Int64 {
        let offset = try reader.signed()
        guard (0..<ItemSnapshot.offsetsEnd).contains(offset) else { throw ByteReader.Malformed(offset: reader.offset) }
        return offset
    }

    private static func number(_ reader: inout ByteReader, below end: Int) throws -> Int {
        let number = try reader.varint()
        guard number < UInt64(end) else { throw ByteReader.Malformed(offset: reader.offset) }
        return Int(number)
    }

    /// Whether a table of these settings can have come to the manifest's landmarks: none is later than the latest event.
    func fits(_ table: ItemTable) -> Bool {
        func reach(_ halfLife: Int64, _ lives: Int64 = 1) -> ClosedRange<Int64> {
            0...(halfLife > 0 ? latestTime / (halfLife * lives) : 0)
        }
        return reach(table.settings.covisitation.halfLifeMilliseconds).contains(epoch)
            && [(popularitySteps, table.popularity), (activitySteps, table.activity)].allSatisfy { steps, bank in
                steps.count == bank.columns
                    && zip(steps, bank.halfLives).allSatisfy {
                        reach($1, DecayedPopularity.halfLivesPerStep).contains($0)
                    }
            }
    }
}
