public import Events

/// Writes the features of an item as the JSON value of a record of `features.items`, without allocation.
public enum ItemFeatureRow {
    /// Appends the row of an item.
    /// - Parameters:
    ///   - item: the item's identifier, valid UTF-8.
    ///   - popularity: by each half-life of the bank, in the bank's order: the trend is told by it.
    public static func write(
        _ features: borrowing ItemFeatures, item: UnsafeRawBufferPointer,
        popularity: UnsafeBufferPointer<PopularityReading>, to writer: ByteWriter
    ) {
        writer.reserve(1024)
        writer.text("{\"schema_version\":1,\"product_id\":")
        JSONText.string(item, to: writer)
        writer.text(",\"event_time\":\"")
        JSONText.time(features.time, to: writer)
        writer.text("\",\"items_offset\":")
        JSONText.integer(features.itemsOffset, to: writer)
        writer.text(",\"available\":")
        writer.text(features.isAvailable ? "true" : "false")
        writeText(",\"title\":", features.title, to: writer)
        writeText(",\"category_id\":", features.category, to: writer)
        writeText(",\"category_code\":", features.categoryCode, to: writer)
        writeText(",\"brand\":", features.brand, to: writer)
        if features.price == features.price {
            writer.text(",\"price\":")
            JSONText.decimal(features.price, to: writer)
        }
        writeTime(",\"first_seen\":\"", features.firstSeen, to: writer)
        writeTime(",\"last_seen\":\"", features.lastSeen, to: writer)
        writer.text(",\"events\":")
        TypeCounts.write(features.counts, to: writer)
        writer.text(",\"events_per_day\":")
        TypeCounts.write(features.perDay, to: writer)
        writer.text(",\"conversion\":{\"view_to_cart\":")
        JSONText.decimal(features.viewToCart, to: writer)
        writer.text(",\"cart_to_purchase\":")
        JSONText.decimal(features.cartToPurchase, to: writer)
        writer.text(",\"view_to_purchase\":")
        JSONText.decimal(features.viewToPurchase, to: writer)
        writer.text("},\"popularity\":[")
        for index in popularity.indices { write(popularity[index], isFirst: index == 0, to: writer) }
        writer.text("],\"trend\":")
        JSONText.decimal(PopularityReading.trend(popularity), to: writer)
        writer.text("}")
    }

    private static func write(_ reading: PopularityReading, isFirst: Bool, to writer: ByteWriter) {
        writer.text(isFirst ? "{\"half_life_seconds\":" : ",{\"half_life_seconds\":")
        JSONText.integer(reading.halfLife / 1000, to: writer)
        writer.text(",\"events\":")
        JSONText.decimal(reading.events, to: writer)
        writer.text(",\"shoppers\":")
        JSONText.decimal(reading.shoppers, to: writer)
        writer.text("}")
    }

    private static func writeTime(_ name: StaticString, _ time: Int64?, to writer: ByteWriter) {
        guard let time else { return }
        writer.text(name)
        JSONText.time(time, to: writer)
        writer.text("\"")
    }

    private static func writeText(_ name: StaticString, _ text: UnsafeRawBufferPointer, to writer: ByteWriter) {
        guard text.count > 0 else { return }
        writer.text(name)
        JSONText.string(text, to: writer)
    }
}
