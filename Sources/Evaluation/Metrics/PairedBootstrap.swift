internal import Models

/// Whether one model is better than another on the same cases: the mean of the differences, and its 95% percentile interval
/// over resamples of the cases (Efron and Tibshirani 1993, chapter 13). Cases that belong together, as the events of one
/// user do, are resampled together, since what one of them says the others say too.
public struct PairedBootstrap: Sendable {
    /// A mean difference and where it lies in 95 of 100 resamples.
    public struct Interval: Sendable, Equatable {
        public var mean: Double
        public var low: Double
        public var high: Double

        /// Whether zero lies outside.
        public var isSignificant: Bool { low > 0 || high < 0 }
    }

    public var resamples = 1000
    public var seed: UInt64 = 1

    public init() {}

    /// - Parameters:
    ///   - differences: one a case.
    ///   - clusters: what each case belongs to, any numbers; nil where each stands alone.
    /// - Returns: nil where there are no cases.
    public func interval(_ differences: [Double], clusters: [Int]? = nil) -> Interval? {
        guard !differences.isEmpty else { return nil }
        precondition(clusters.map { $0.count == differences.count } ?? true, "a cluster for each case")
        var sums: [Double] = []
        var counts: [Double] = []
        if let clusters {
            var places: [Int: Int] = [:]
            for (difference, cluster) in zip(differences, clusters) {
                let place = places[cluster] ?? sums.count
                if place == sums.count {
                    places[cluster] = place
                    sums.append(0)
                    counts.append(0)
                }
                sums[place] += difference
                counts[place] += 1
            }
        } else {
            sums = differences
            counts = differences.map { _ in 1 }
        }
        var means = (0..<resamples).map { resample in mean(sums, counts, resample) }
        means.sort()
        let tail = Double(resamples) * 0.025
        return Interval(
            mean: sums.reduce(0, +) / counts.reduce(0, +), low: means[Int(tail)],
            high: means[max(Int(tail), resamples - 1 - Int(tail))])
    }

    private func mean(_ sums: [Double], _ counts: [Double], _ resample: Int) -> Double {
        var random = RandomStream(seed: seed, row: resample)
        var sum = 0.0
        var count = 0.0
        for _ in sums.indices {
            // The high half of the product is uniform below the bound.
            let place = Int(random.next().multipliedFullWidth(by: UInt64(sums.count)).high)
            sum += sums[place]
            count += counts[place]
        }
        return sum / count
    }
}
