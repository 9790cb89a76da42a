/// A user's events by type in the hour, the day and the week that end with the row's time.
///
/// The windows are made of the state's five-minute buckets: a window of an hour is the bucket of the row's time and the
/// eleven before it, so it covers between 55 and 60 minutes.
public struct ActivityWindows: Equatable, Sendable {
    /// Events in the order of `EventType`: view, remove_from_cart, cart, purchase.
    public private(set) var hour = SIMD4<UInt32>(repeating: 0)
    public private(set) var day = SIMD4<UInt32>(repeating: 0)
    public private(set) var week = SIMD4<UInt32>(repeating: 0)

    /// What a bucket covers: five minutes.
    public static let bucketMilliseconds: Int64 = 300_000

    public init() {}

    /// Counts a bucket.
    /// - Parameter age: how many buckets it lies before that of the row's time; 0 for the same one.
    @inlinable
    public mutating func add(_ counts: SIMD4<UInt8>, age: Int64) {
        guard age >= 0, age < 7 * 288 else { return }
        let wide = SIMD4<UInt32>(truncatingIfNeeded: counts)
        add(wide, isInDay: age < 288, isInHour: age < 12)
    }

    @usableFromInline
    mutating func add(_ counts: SIMD4<UInt32>, isInDay: Bool, isInHour: Bool) {
        week &+= counts
        if isInDay { day &+= counts }
        if isInHour { hour &+= counts }
    }
}
