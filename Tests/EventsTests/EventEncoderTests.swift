import Events
import Testing

/// What the encoder writes is read back as the same event.
struct EventEncoderTests {
    private let decoder = EventDecoder()

    private func roundTrip(_ event: ShopEvent) throws -> (Decoded, String) {
        let writer = ByteWriter()
        EventEncoder.append(event, to: writer)
        var bytes: [UInt8] = []
        EventEncoder.append(event, to: &bytes)
        #expect(bytes == Array(writer.bytes))
        return (try decoder.decode(bytes).get(), String(decoding: bytes, as: UTF8.self))
    }

    private func event(time: Int64, item: UnsafeRawBufferPointer) -> ShopEvent {
        var event = ShopEvent()
        event.type = .cart
        event.time = time
        event.user = item
        event.item = item
        event.brand = item
        event.price = 1e12
        return event
    }

    @Test(arguments: [
        Int64(0), 1, 999, 99_999_999_999, 100_000_000_000, 1_569_888_000_123, 99_999_999_999_999, 100_000_000_000_000,
        EventTime.end - 1,
    ])
    func everyTimeComesBack(time: Int64) throws {
        try Array("i".utf8).withUnsafeBytes {
            let (decoded, _) = try roundTrip(event(time: time, item: $0))
            #expect(decoded.time == time && decoded.price == 1e12 && decoded.type == .cart)
        }
    }

    @Test func everyTextComesBack() throws {
        let text = "a\"b\\c/é\u{1F600}" + (0..<32).map { String(UnicodeScalar(UInt8($0))) }.joined()
        try Array(text.utf8).withUnsafeBytes {
            let (decoded, json) = try roundTrip(event(time: 1_569_888_000_000, item: $0))
            #expect(decoded.item == text && decoded.user == text && decoded.brand == text)
            #expect(json.hasPrefix(#"{"event_time":"2019-10-01T00:00:00.000Z","event_type":"cart","product_id":""#))
        }
    }
}
