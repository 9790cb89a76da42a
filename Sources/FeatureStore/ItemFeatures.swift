/// What is known of an item at one time; see `Config/schemas/item-features.schema.json`.
///
/// Event time throughout: the row is true for `time`, the largest event time of the item log up to `itemsOffset`.
public struct ItemFeatures {
    /// The time that the row is true for, in ms since 1970.
    public var time: Int64 = 0
    /// The place in the item log that the row includes everything before.
    public var itemsOffset: Int64 = 0
    /// All events by type: view, remove_from_cart, cart, purchase.
    public var counts = SIMD4<UInt32>(repeating: 0)
    /// Nil for an item that only the catalogue knows.
    public var firstSeen: Int64?
    public var lastSeen: Int64?
    /// Whether the item may be recommended.
    public var isAvailable = true
    /// The last price seen; NaN without one.
    public var price = Double.nan
    /// Absent where empty; valid during the call that writes them.
    public var title = UnsafeRawBufferPointer(start: nil, count: 0)
    public var category = UnsafeRawBufferPointer(start: nil, count: 0)
    public var categoryCode = UnsafeRawBufferPointer(start: nil, count: 0)
    public var brand = UnsafeRawBufferPointer(start: nil, count: 0)

    private static let dayMilliseconds = 86_400_000.0

    public init() {}

    /// Events a day by type since the item was first seen, over at least one day.
    public var perDay: SIMD4<Double> {
        let days = max(1, Double(time - (firstSeen ?? time)) / Self.dayMilliseconds)
        return SIMD4<Double>(counts) / days
    }

    /// Carts for each view; NaN without views.
    public var viewToCart: Double { ratio(counts[2], counts[0]) }
    /// Purchases for each cart; over 1 where items are bought without one.
    public var cartToPurchase: Double { ratio(counts[3], counts[2]) }
    /// Purchases for each view; NaN without views.
    public var viewToPurchase: Double { ratio(counts[3], counts[0]) }

    private func ratio(_ part: UInt32, _ whole: UInt32) -> Double {
        whole == 0 ? .nan : Double(part) / Double(whole)
    }
}

/// The popularity of an item by one half-life of the bank.
public struct PopularityReading: Sendable {
    /// In ms; 0 for none.
    public var halfLife: Int64
    /// Events, and distinct shoppers, each weighed by its age.
    public var events: Double
    public var shoppers: Double

    public init(halfLife: Int64, events: Double, shoppers: Double) {
        self.halfLife = halfLife
        self.events = events
        self.shoppers = shoppers
    }

    /// The rate of events by the shorter of two half-lives over that by the longer one: 1 for steady demand, above 1 for
    /// growing demand. The decayed count of a steady rate is the rate times half-life / ln 2. NaN without events.
    public static func trend(short: PopularityReading, long: PopularityReading) -> Double {
        guard long.events > 0, short.halfLife > 0 else { return .nan }
        return (short.events / Double(short.halfLife)) / (long.events / Double(long.halfLife))
    }

    /// The trend of a bank: its second and third half-life if there are three, else the shortest and the longest; half-lives
    /// of a few minutes say little about a trend. NaN for a bank of one.
    public static func trend(_ bank: UnsafeBufferPointer<PopularityReading>) -> Double {
        var short = 0
        var finite = 0
        // The bank is ordered by length but for a last "none".
        for index in bank.indices where bank[index].halfLife > 0 { finite = index + 1 }
        guard finite >= 2 else { return .nan }
        if finite >= 3 { short = 1 }
        return trend(short: bank[short], long: bank[short + 1])
    }
}
