/// A histogram of durations with fixed buckets; exposed in seconds, so its name ends with `_seconds`.
public struct Timer: Sendable {
    /// From 100 µs to 60 s, three bounds a decade.
    public static let defaultBuckets: [Duration] =
        [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
            5_000_000, 10_000_000, 30_000_000, 60_000_000,
        ].map { Duration.microseconds($0) }

    let cell: HistogramCell

    /// - Parameter buckets: upper bounds, rising.
    public init(
        label: String, dimensions: [(String, String)] = [], buckets: [Duration] = defaultBuckets, help: String,
        registry: MetricsRegistry = .shared
    ) {
        precondition(label.hasSuffix("_seconds"), "a timer's name ends with _seconds: \(label)")
        let bounds = buckets.map { Int($0.inNanoseconds) }
        cell = HistogramCell.make(label, dimensions, bounds: bounds, help: help, registry: registry)
    }

    public func record(_ duration: Duration) { cell.record(Int(duration.inNanoseconds)) }
    public func recordNanoseconds(_ nanoseconds: Int64) { cell.record(Int(nanoseconds)) }

    /// How many durations were recorded.
    public var count: Int { cell.load().counts.reduce(0, +) }

    /// The duration that a share of all recorded ones does not pass, interpolated inside its bucket; `nil` with none.
    public func quantile(_ share: Double) -> Duration? {
        cell.quantile(share).map { .nanoseconds(Int64($0)) }
    }
}
