/// What counts as a price: a JSON number from 0 to 10¹², in whatever currency the shop has.
///
/// Sums of them stay finite, and an absurd one cannot outweigh a user's others for ever.
enum Price {
    static let most = 1e12

    /// NaN where the bytes are no price.
    @inline(__always)
    static func parse(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double {
        guard let value = DecimalNumber.parse(start, count), value >= 0, value <= most else { return .nan }
        return value + 0  // Turns minus zero into zero.
    }
}
