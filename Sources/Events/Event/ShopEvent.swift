/// One event as its codec decoded it; reused from event to event. The byte slices are UTF-8 without escapes, lie in the
/// decoder's memory, and are valid until that decoder's next `decode`. An empty slice means that the field is absent.
public struct ShopEvent {
    public var type: EventType = .view
    /// Milliseconds since 1970-01-01 UTC, never negative.
    public var time: Int64 = 0
    /// Never empty in a decoded event; at most 256 bytes, as all slices.
    public var user = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Empty only in a `userDeleted` event.
    public var item = UnsafeRawBufferPointer(start: nil, count: 0)
    public var eventID = UnsafeRawBufferPointer(start: nil, count: 0)
    public var session = UnsafeRawBufferPointer(start: nil, count: 0)
    public var categoryID = UnsafeRawBufferPointer(start: nil, count: 0)
    public var categoryCode = UnsafeRawBufferPointer(start: nil, count: 0)
    public var brand = UnsafeRawBufferPointer(start: nil, count: 0)
    /// In the shop's currency, finite and not negative; NaN when absent.
    public var price: Double = .nan

    public init() {}

    @inlinable
    public var hasPrice: Bool { price == price }
}
