public import Events
public import Models

extension ItemTable {
    /// The hash of the table's content: a sum over items and pairs, so that no order matters.
    public func hash() -> StateHash {
        var sum = StateHash()
        let writer = ByteWriter()
        for index in 0..<identifiers.upperBound where identifiers.isLive(UInt32(index)) {
            let item = UInt32(index)
            let row = covisitation.snapshot(item)
            let attributes = attributes(item)
            guard attributes.stored != 0 || !row.neighbours.isEmpty else { continue }
            writer.removeAll()
            writer.counted(identifiers.bytes(item))
            writer.byte(attributes.stored)
            for word in [attributes.category, attributes.categoryCode, attributes.brand, attributes.title] {
                writer.counted(word == IdentifierTable.none ? .init(start: nil, count: 0) : words.bytes(word))
            }
            writer.double(attributes.price)
            ItemSnapshot.encodeTimes(attributes, to: writer)
            for type in 0..<4 { writer.varint(UInt64(attributes.counts[type])) }
            for column in 0..<popularity.columns { writer.double(popularity.value(item, column: column)) }
            for column in 0..<activity.columns { writer.double(activity.value(item, column: column)) }
            writer.varint(row.total)
            writer.signed(row.epoch)
            sum.add(writer.bytes)
            for neighbour in row.neighbours {
                writer.removeAll()
                writer.fixed(identifiers.hash(item))
                writer.fixed(identifiers.hash(neighbour.item))
                writer.fixed(neighbour.count)
                sum.add(writer.bytes)
            }
        }
        return sum
    }
}
