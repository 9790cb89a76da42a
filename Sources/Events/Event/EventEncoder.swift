/// Writes an event as JSON with the canonical names; what `EventDecoder` reads from it is the same event.
public enum EventEncoder {
    /// Appends one JSON object; fields that are absent are left out. The event's slices must be UTF-8.
    public static func append(_ event: ShopEvent, to bytes: inout [UInt8]) {
        let writer = ByteWriter(capacity: 512)
        append(event, to: writer)
        bytes.append(contentsOf: writer.bytes)
    }

    /// The same behind what a writer holds.
    public static func append(_ event: ShopEvent, to writer: ByteWriter) {
        writer.text("{\"event_time\":\"")
        JSONText.time(event.time, to: writer)
        writer.text("\",\"event_type\":")
        JSONText.string(event.type.name, to: writer)
        appendText(",\"product_id\":", event.item, writer)
        appendText(",\"category_id\":", event.categoryID, writer)
        appendText(",\"category_code\":", event.categoryCode, writer)
        appendText(",\"brand\":", event.brand, writer)
        if event.hasPrice {
            writer.text(",\"price\":")
            writer.text("\(event.price)")
        }
        appendText(",\"user_id\":", event.user, writer)
        appendText(",\"user_session\":", event.session, writer)
        appendText(",\"event_id\":", event.eventID, writer)
        writer.text("}")
    }

    private static func appendText(_ name: StaticString, _ text: UnsafeRawBufferPointer, _ writer: ByteWriter) {
        if text.isEmpty { return }
        writer.text(name)
        JSONText.string(text, to: writer)
    }
}
