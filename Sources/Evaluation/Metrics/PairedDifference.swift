internal import Models

/// Whether one model is better than another on the same cases: the mean of the differences, and where it lies in 95 of 100
/// resamples of the cases (the percentile bootstrap: Efron and Tibshirani 1993, chapter 13). Cases that belong together, as
/// the events of one user do, are resampled together, since what one of them says the others say too.
public struct PairedDifference: Sendable, Equatable {
    public let mean: Double
    public let low: Double
    public let high: Double

    /// Whether zero lies outside.
    public var isSignificant: Bool { low > 0 || high < 0 }

    /// Nil where there are no cases.
    /// - Parameters:
    ///   - differences: one a case.
    ///   - clusters: what each case belongs to, any numbers; nil where each stands alone.
    ///   - seed: of the resamples; the same gives the same interval.
    public init?(_ differences: [Double], clusters: [Int]? = nil, resamples: Int = 1000, seed: UInt64 = 1) {
        guard !differences.isEmpty else { return nil }
        precondition(clusters.map { $0.count == differences.count } ?? true, "a cluster for each case")
        precondition(resamples >= 40, "an interval of 95% leaves out one in forty at each end")
        var sums: [Double] = []
        var counts: [Double] = []
        var places: [Int: Int] = [:]
        for (index, difference) in differences.enumerated() {
            let cluster = clusters?[index] ?? index
            let place = places[cluster] ?? sums.count
            if place == sums.count {
                places[cluster] = place
                sums.append(0)
                counts.append(0)
            }
            sums[place] += difference
            counts[place] += 1
        }
        let means = (0..<resamples).map { resample -> Double in
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
        }.sorted()
        mean = sums.reduce(0, +) / counts.reduce(0, +)
        low = means[Int(Double(resamples) * 0.025)]
        high = means[resamples - 1 - Int(Double(resamples) * 0.025)]
    }
}
