internal import Events
public import Models

/// The categories of items by their identifiers: checkpoints of users do not have them, and the category learner's weight
/// is fitted with them.
public struct ItemCategories: Sendable {
    private var numbers: [String: UInt32] = [:]

    public init() {}

    /// Those of a table; the numbers are that table's.
    public init(_ table: ItemTable) {
        for item in 0..<table.upperBound {
            let item = IdentifierTable.Number(item)
            let category = table.category(item)
            guard category != IdentifierTable.none, table.attributes(item).isLive else { continue }
            numbers[table.identifiers.text(item)] = category
        }
    }

    /// Those at the end of the item log, restored as every instance restores its table.
    public static func read(
        _ reading: any TopicReading, items: ItemTable.Settings, fingerprint: UInt64
    ) throws(LogError) -> ItemCategories {
        let fold = ItemFold(table: ItemTable(settings: items))
        let collector = try SnapshotCollector(fingerprint: fingerprint) { (offset) throws(LogError) in
            try reading.reader(.snapshots, partition: 0, from: offset)
        }
        while !(try collector.advance()) {}
        try fold.load(collector)
        let reader = try reading.reader(.itemLog, partition: 0, from: fold.offset)
        while !(try fold.follow(reader, max: 10_000, timeoutMilliseconds: 50).isAtEnd) {}
        return ItemCategories(fold.table)
    }

    /// `IdentifierTable.none` for none.
    func category(of item: String) -> UInt32 { numbers[item] ?? IdentifierTable.none }
}
