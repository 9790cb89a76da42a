/// A histogram of whole numbers (events in a batch, bytes in a block) with fixed buckets.
public struct Recorder: Sendable {
    let cell: HistogramCell

    /// - Parameter buckets: upper bounds, rising.
    public init(
        label: String, dimensions: [(String, String)] = [], buckets: [Int], help: String,
        registry: MetricsRegistry = .shared
    ) {
        cell = HistogramCell.make(label, dimensions, bounds: buckets, scale: 1, help: help, registry: registry)
    }

    public func record(_ value: Int) { cell.record(value) }

    public var count: Int { cell.load().counts.reduce(0, +) }

    /// The value that a share of all recorded ones does not pass, interpolated inside its bucket; `nil` with none.
    public func quantile(_ share: Double) -> Double? { cell.quantile(share) }
}
