public import Events
internal import FeatureStore
public import Models

/// Makes the feature row of an item from the item table. Reused from item to item by one thread, without allocation.
public final class ItemFeatureBuilder {
    private var bank: [PopularityReading] = []

    public init() {}

    /// Appends the row of an item as of the fold's place in the item log.
    public func write(item: IdentifierTable.Number, fold: ItemFold, to writer: ByteWriter) {
        write(item: item, table: fold.table, time: fold.table.latestTime, itemsOffset: fold.offset, to: writer)
    }

    /// Appends the row of an item as of `time`, in ms since 1970.
    public func write(
        item: IdentifierTable.Number, table: ItemTable, time: Int64, itemsOffset: Int64, to writer: ByteWriter
    ) {
        let attributes = table.attributes(item)
        var features = ItemFeatures()
        features.time = time
        features.itemsOffset = itemsOffset
        features.counts = attributes.counts
        features.firstSeen = attributes.firstSeen
        features.lastSeen = attributes.lastSeen
        features.isAvailable = attributes.isLive && attributes.isAvailable
        features.price = attributes.price
        features.title = text(attributes.title, table)
        features.category = text(attributes.category, table)
        features.categoryCode = text(attributes.categoryCode, table)
        features.brand = text(attributes.brand, table)
        bank.removeAll(keepingCapacity: true)
        for column in 0..<table.activity.columns {
            bank.append(
                PopularityReading(
                    halfLife: table.activity.halfLives[column],
                    events: table.activity.decayedCount(item, column: column, at: time),
                    shoppers: table.popularity.decayedCount(item, column: column, at: time)))
        }
        bank.withUnsafeBufferPointer {
            ItemFeatureRow.write(features, item: table.identifiers.bytes(item), popularity: $0, to: writer)
        }
    }

    private func text(_ word: IdentifierTable.Number, _ table: ItemTable) -> UnsafeRawBufferPointer {
        word == IdentifierTable.none ? UnsafeRawBufferPointer(start: nil, count: 0) : table.words.bytes(word)
    }
}
