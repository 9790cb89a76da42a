internal import Synchronization

/// Durations counted by bucket, and their sum, in nanoseconds: atomics in memory that this object owns, so recording neither
/// locks nor allocates.
final class HistogramCell: @unchecked Sendable {
    /// Upper bounds; one more bucket takes what lies above.
    let bounds: [Int]
    // Unchecked: the pointer never changes, and what it points to is atomic.
    private let counts: UnsafeMutablePointer<Atomic<Int>>
    private let sum = Atomic(0)

    init(bounds: [Int]) {
        precondition(!bounds.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds must rise")
        self.bounds = bounds
        counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: bounds.count + 1)
        counts.deallocate()
    }

    static func make(
        _ name: String, _ dimensions: [(String, String)], bounds: [Int], help: String, registry: MetricsRegistry
    ) -> HistogramCell {
        let cell = registry.cell(name, dimensions, kind: .histogram, help: help) {
            .histogram(HistogramCell(bounds: bounds))
        }
        guard case .histogram(let histogram) = cell else { preconditionFailure("\(name) is no histogram") }
        precondition(histogram.bounds == bounds, "\(name) has other buckets already")
        return histogram
    }

    func record(_ value: Int) {
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        counts[low].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(value, ordering: .relaxed)
    }

    func load() -> (counts: [Int], sum: Int) {
        ((0...bounds.count).map { counts[$0].load(ordering: .relaxed) }, sum.load(ordering: .relaxed))
    }

    func quantile(_ share: Double) -> Double? {
        let counts = load().counts
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        let rank = max(0, min(1, share)) * Double(total)
        var below = 0
        for (index, count) in counts.enumerated() where count > 0 {
            if Double(below + count) >= rank {
                // Nothing is known about what lies above the last bound.
                guard index < bounds.count else { return Double(bounds[bounds.count - 1]) }
                let lower = index == 0 ? 0 : Double(bounds[index - 1])
                return lower + (Double(bounds[index]) - lower) * (rank - Double(below)) / Double(count)
            }
            below += count
        }
        return Double(bounds[bounds.count - 1])
    }
}
