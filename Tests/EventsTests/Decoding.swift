import Events

/// An event with its slices copied into strings, so that it outlives the decoder's memory.
struct Decoded: Equatable {
    var type: EventType
    var time: Int64
    var user, item, eventID, session, categoryID, categoryCode, brand: String
    var price: Double?

    init(_ event: ShopEvent) {
        func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        type = event.type
        time = event.time
        user = text(event.user)
        item = text(event.item)
        eventID = text(event.eventID)
        session = text(event.session)
        categoryID = text(event.categoryID)
        categoryCode = text(event.categoryCode)
        brand = text(event.brand)
        price = event.hasPrice ? event.price : nil
    }
}

extension EventDecoder {
    func decode(_ bytes: [UInt8]) -> Result<Decoded, Rejection> {
        var event = ShopEvent()
        return bytes.withUnsafeBytes { raw in
            decode(raw, into: &event).map { .failure($0) } ?? .success(Decoded(event))
        }
    }

    func decode(_ text: String) -> Result<Decoded, Rejection> { decode(Array(text.utf8)) }

    /// Nil when the text is accepted.
    func code(_ text: String) -> RejectionCode? {
        if case .failure(let rejection) = decode(text) { return rejection.code }
        return nil
    }
}
