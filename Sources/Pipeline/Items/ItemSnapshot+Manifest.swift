public import Events

extension ItemSnapshot.Manifest {
    public func encode(to writer: ByteWriter) {
        writer.byte(ItemSnapshot.version)
        writer.signed(offset)
        writer.varint(chunks)
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

    public init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = ByteReader(bytes)
        guard try reader.byte() == ItemSnapshot.version else { throw ByteReader.Malformed(offset: 0) }
        offset = try reader.signed()
        chunks = Int(truncatingIfNeeded: try reader.varint())
        identifiers = Int(truncatingIfNeeded: try reader.varint())
        fingerprint = try reader.fixed(UInt64.self)
        latestTime = try reader.time()
        epoch = try reader.signed()
        expected = [:]
        for _ in 0..<(try reader.count()) {
            let partition = Int32(truncatingIfNeeded: try reader.varint())
            expected[partition] = try reader.signed()
        }
        popularitySteps = []
        activitySteps = []
        for _ in 0..<(try reader.count()) { popularitySteps.append(try reader.signed()) }
        for _ in 0..<(try reader.count()) { activitySteps.append(try reader.signed()) }
        // The first snapshots ended here.
        guard !reader.isAtEnd else { return }
        for _ in 0..<(try reader.count()) {
            earlier.append(
                ItemSnapshot.Place(offset: try reader.signed(), chunks: Int(truncatingIfNeeded: try reader.varint())))
        }
    }
}
