public import Events
public import Models

/// Category, brand and price of items by their identifiers: checkpoints of users do not have them, and models learn from
/// them (the category learner's weight, factorization machines).
public struct ItemDescriptions: Sendable {
    /// `IdentifierTable.none` or NaN where there is none; the numbers are the table's.
    struct Description: Sendable {
        var category = IdentifierTable.none
        var brand = IdentifierTable.none
        var price = Double.nan
    }

    private var descriptions: [String: Description] = [:]

    public init() {}

    /// Those of a table.
    public init(_ table: ItemTable) {
        for item in 0..<table.upperBound {
            let item = IdentifierTable.Number(item)
            let attributes = table.attributes(item)
            guard attributes.isLive else { continue }
            let description = Description(
                category: table.category(item), brand: attributes.brand, price: attributes.price)
            guard
                description.category != IdentifierTable.none || description.brand != IdentifierTable.none
                    || !description.price.isNaN
            else { continue }
            descriptions[table.identifiers.text(item)] = description
        }
    }

    /// Those at the end of the item log, restored as every instance restores its table.
    public static func read(
        _ reading: any TopicReading, items: ItemTable.Settings, fingerprint: UInt64
    ) throws(LogError) -> ItemDescriptions {
        let fold = ItemFold(table: ItemTable(settings: items))
        let collector = try SnapshotCollector(for: fold, fingerprint: fingerprint) { (offset) throws(LogError) in
            try reading.reader(.snapshots, partition: 0, from: offset)
        }
        while !(try collector.advance()) {}
        try fold.load(collector)
        let reader = try reading.reader(.itemLog, partition: 0, from: fold.offset)
        try fold.check(reader)
        while !(try fold.follow(reader, max: 10_000, timeoutMilliseconds: 50).isAtEnd) {}
        return ItemDescriptions(fold.table)
    }

    /// As bytes, for another process of this program.
    public func encode(to writer: ByteWriter) {
        writer.varint(descriptions.count)
        for (item, description) in descriptions {
            writer.varint(item.utf8.count)
            writer.text(item)
            writer.fixed(description.category)
            writer.fixed(description.brand)
            writer.double(description.price)
        }
    }

    /// What `encode` wrote.
    /// - Throws: `ByteReader.Malformed` where the bytes end too soon.
    public init(_ reader: inout ByteReader) throws {
        for _ in 0..<(try reader.count()) {
            let item = String(decoding: try reader.counted(), as: UTF8.self)
            descriptions[item] = Description(
                category: try reader.fixed(IdentifierTable.Number.self),
                brand: try reader.fixed(IdentifierTable.Number.self),
                price: try reader.double())
        }
    }

    subscript(item: String) -> Description { descriptions[item] ?? Description() }
}
