internal import Synchronization

/// A value that goes up and down.
public struct Gauge: Sendable {
    let cell: GaugeCell

    /// Traps where the name is that of another kind of metric, or is computed.
    /// - Parameter dimensions: names and values of labels.
    public init(
        label: String, dimensions: [(String, String)] = [], help: String, registry: MetricsRegistry = .shared
    ) {
        let cell = registry.cell(label, dimensions, kind: .gauge, help: help) { .gauge(GaugeCell()) }
        guard case .gauge(let gauge) = cell else { preconditionFailure("\(label) is computed") }
        self.cell = gauge
    }

    public func record(_ value: Double) { cell.store(value) }
    public func record(_ value: Int) { cell.store(Double(value)) }

    public var value: Double { cell.load() }
}

final class GaugeCell: Sendable {
    private let bits = Atomic(UInt64(0))

    func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
