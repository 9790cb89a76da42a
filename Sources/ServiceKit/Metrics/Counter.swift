internal import Synchronization

/// A count that only grows. Its name ends with `_total`, as Prometheus wants.
public struct Counter: Sendable {
    let cell: CounterCell

    /// Traps where the name is that of another kind of metric, or is computed.
    /// - Parameter dimensions: names and values of labels.
    public init(
        label: String, dimensions: [(String, String)] = [], help: String, registry: MetricsRegistry = .shared
    ) {
        precondition(label.hasSuffix("_total"), "a counter's name ends with _total: \(label)")
        let cell = registry.cell(label, dimensions, kind: .counter, help: help) { .counter(CounterCell()) }
        guard case .counter(let counter) = cell else { preconditionFailure("\(label) is computed") }
        self.cell = counter
    }

    /// - Parameter amount: not negative.
    public func increment(by amount: Int = 1) { cell.add(amount) }

    /// The count so far.
    public var value: Int { cell.load() }
}

final class CounterCell: Sendable {
    private let count = Atomic(0)

    func add(_ amount: Int) { count.wrappingAdd(amount, ordering: .relaxed) }
    func load() -> Int { count.load(ordering: .relaxed) }
}
