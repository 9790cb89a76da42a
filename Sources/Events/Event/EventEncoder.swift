/// Writes an event as JSON with the canonical names; what `EventDecoder` reads from it is the same event.
public enum EventEncoder {
    /// Appends one JSON object; fields that are absent are left out. The event's slices must be UTF-8.
    public static func append(_ event: ShopEvent, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"event_time":"#.utf8)
        appendTime(event.time, &bytes)
        bytes.append(contentsOf: #","event_type":""#.utf8)
        bytes.append(contentsOf: event.type.name.utf8)
        bytes.append(UInt8(ascii: "\""))
        appendText(",\"product_id\":", event.item, &bytes)
        appendText(",\"category_id\":", event.categoryID, &bytes)
        appendText(",\"category_code\":", event.categoryCode, &bytes)
        appendText(",\"brand\":", event.brand, &bytes)
        if event.hasPrice {
            bytes.append(contentsOf: ",\"price\":".utf8)
            bytes.append(contentsOf: "\(event.price)".utf8)
        }
        appendText(",\"user_id\":", event.user, &bytes)
        appendText(",\"user_session\":", event.session, &bytes)
        appendText(",\"event_id\":", event.eventID, &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Milliseconds, but before March 1973 seconds with a fraction: so small a number of milliseconds would be read as
    /// seconds.
    private static func appendTime(_ time: Int64, _ bytes: inout [UInt8]) {
        if time >= 100_000_000_000 {
            bytes.append(contentsOf: "\(time)".utf8)
        } else {
            let thousandths = "\(1000 + time % 1000)".dropFirst()
            bytes.append(contentsOf: "\(time / 1000).\(thousandths)".utf8)
        }
    }

    private static func appendText(_ name: StaticString, _ text: UnsafeRawBufferPointer, _ bytes: inout [UInt8]) {
        if text.isEmpty { return }
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        appendString(text, &bytes)
    }

    /// A JSON string of these UTF-8 bytes, with quotes.
    static func appendString(_ text: UnsafeRawBufferPointer, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        // Runs without anything to escape are copied whole.
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start..<index]))
                appendEscape(byte, &bytes)
                start = index + 1
            }
            index += 1
        }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[start...]))
        bytes.append(UInt8(ascii: "\""))
    }
    private static func appendEscape(_ byte: UInt8, _ bytes: inout [UInt8]) {
        guard byte < 0x20 else {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
            return
        }
        let low = byte & 0xF
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(UInt8(ascii: "0") + byte >> 4)
        bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
    }
}
