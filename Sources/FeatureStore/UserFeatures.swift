/// What is known of a user's behaviour at one time, for models and services outside; see
/// `Config/schemas/user-features.schema.json`.
///
/// All of it is event time: the row is true for `time`, the time of the user's latest event, whenever it is computed.
public struct UserFeatures {
    /// The time that the row is true for, in ms since 1970.
    public var time: Int64 = 0
    /// The user's first event.
    public var firstTime: Int64 = 0
    /// Events in the hour, the day and the week that end with `time`.
    public var windows = ActivityWindows()
    /// All events by type.
    public var totals = SIMD4<UInt32>(repeating: 0)
    /// The latest event of each type among the items of the history, in ms since 1970; −1 for none.
    public var latest = SIMD4<Int64>(repeating: -1)
    /// Distinct items of the bounded history.
    public var distinctItems = 0
    /// The mean price of the user's events that named one; NaN without.
    public var priceMean = Double.nan
    /// Where the items of the history lie among the prices of the shop, 0 (cheapest) … 1; NaN when not known.
    public var priceLevel = Double.nan
    /// Sessions since the user's first event.
    public var sessions: UInt32 = 0
    /// Events in the session that was the last one at `time`, and when it began.
    public var sessionEvents: UInt32 = 0
    public var sessionStart: Int64 = 0

    public init() {}
}

/// A user's place in the space of a generation's factors.
public struct UserVectors: Sendable {
    /// The number of the generation whose factors the vectors are in: those of different ones cannot be compared.
    public var generation: Int
    /// From the whole history.
    public var long: [Float]
    /// From what the user touched last.
    public var short: [Float]

    public init(generation: Int, long: [Float], short: [Float]) {
        self.generation = generation
        self.long = long
        self.short = short
    }
}
