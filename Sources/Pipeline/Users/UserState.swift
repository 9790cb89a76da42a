public import Events
internal import FeatureStore

/// One item of a user's history.
public struct HistoryEntry {
    public var item: IdentifierTable.Number
    /// The time of the user's first event of the item, in seconds since 1970: trainers need it to tell what a model
    /// cannot have seen.
    public var firstSeconds: UInt32
    /// The latest event of each type, which the rating at any time is made from.
    public var rating: PairRating
}

/// A user's events in five minutes, by type; counts stop at 255.
public struct ActivityBucket {
    /// Five minutes since 1970.
    public var index: UInt32
    /// View, remove_from_cart, cart, purchase.
    public var counts: SIMD4<UInt8>

    static let milliseconds = ActivityWindows.bucketMilliseconds
}

/// What is known of one user: a function of that user's own events, in the order of their offsets.
///
/// The arrays behind the pointers belong to the `UserStore`.
public struct UserState {
    /// Distinct items, the one touched last at the end; ordered by the time of the last touch.
    var history: UnsafeMutablePointer<CompactEntry>?
    /// Ratings of pairs with events of several types, in no order.
    var pairs: UnsafeMutablePointer<PairRating>?
    var historyCount: UInt16 = 0
    var historyCapacity: UInt16 = 0
    var pairCount: UInt16 = 0
    var pairCapacity: UInt16 = 0
    var bucketCount: UInt8 = 0
    var bucketCapacity: UInt8 = 0
    var recentIDCount: UInt8 = 0
    var recentIDNext: UInt8 = 0
    var isPresent = false
    /// Hashes of the last event ids, to know a duplicate by; nil while no event carried one.
    var recentIDs: UnsafeMutablePointer<UInt64>?
    var buckets: UnsafeMutablePointer<ActivityBucket>?
    /// Events by type since the first one.
    public internal(set) var counts = SIMD4<UInt32>(repeating: 0)
    /// The smallest event time of the user, in ms since 1970.
    public internal(set) var firstTime: Int64 = 0
    /// The largest event time of the user; lists are ranked at it.
    public internal(set) var latestTime: Int64 = 0
    var sessionHash: UInt64 = 0
    /// The latest session: its first event's time in ms, and how many events it has.
    public internal(set) var sessionStart: Int64 = 0
    public internal(set) var sessionEvents: UInt32 = 0
    /// Sessions since the user's first event.
    public internal(set) var sessions: UInt32 = 0
    /// The sum of the prices that events named, and how many did.
    public internal(set) var priceSum = 0.0
    public internal(set) var priceCount: UInt32 = 0
    /// The offset of the last event that changed this state.
    public internal(set) var offset: Int64 = -1

    // What follows is not state: it can be derived, or says what has been written where.

    /// The first offset that no checkpoint of this user includes; −1 when the last one includes everything.
    var dirtySince: Int64 = -1
    /// The hash of the published list; `unknownList` when it is not known.
    var listHash = UserState.noList
    /// The event time of the last feature row published.
    var featuresTime = Int64.min
    /// Whether the list has to be ranked in this batch.
    var isTouched = false
    /// Whether the last list had fewer items than asked for.
    var isShort = false
    /// Whether the user is to be ranked again with the next generation.
    var isActive = false
    /// Whether the user waits in the worker's queue to be ranked again.
    var isQueued = false

    /// The hash of an empty list: nothing need be published to a user who never had one.
    static let noList: UInt64 = 1
    /// After a restore a list may have been published or not: the next one is, an empty one too, since the one that it takes
    /// the place of may name what is to be shown no more.
    static let unknownList: UInt64 = 0

    /// A user without events.
    public init() {}

    /// The history, oldest touch first.
    public var entries: HistoryEntries {
        HistoryEntries(entries: UnsafeBufferPointer(start: history, count: Int(historyCount)), pairs: pairs)
    }

    /// The buckets that have events, oldest first, 64 at most.
    public var activity: UnsafeBufferPointer<ActivityBucket> {
        UnsafeBufferPointer(start: buckets, count: Int(bucketCount))
    }
}
