/// A mean difference of two models on the same cases, with a 95% interval.
public struct PairedInterval: Sendable, Equatable {
    /// The mean over all cases, then the ends of its interval, in the units of the differences.
    public var mean = 0.0
    public var low = 0.0
    public var high = 0.0

    public init(mean: Double = 0, low: Double = 0, high: Double = 0) {
        self.mean = mean
        self.low = low
        self.high = high
    }

    /// Whether zero lies outside.
    public var isSignificant: Bool { low > 0 || high < 0 }
}

/// The percentile bootstrap (Efron 1979) of a mean of paired differences. Users are drawn, not cases: cases of one user
/// resemble each other, and drawing them one by one would make the interval too narrow.
///
/// Of fewer users than `drawnMin` it is too narrow all the same, a point where there is one: it reaches to 0 then, so that
/// nothing is taken for proven.
///
/// The same differences in the same order give the same interval.
public struct PairedBootstrap: Sendable {
    /// How often as many users as there are get drawn, with replacement.
    public var resamples = 1000
    public var seed: UInt64 = 1
    /// Users that an interval can be told by.
    public static let drawnMin = 10

    public init() {}

    /// - Parameter differences: a user's sum of differences, and its number of cases, for each user.
    public func interval(_ differences: [(sum: Double, cases: Int)]) -> PairedInterval {
        let cases = differences.reduce(0) { $0 + $1.cases }
        guard cases > 0 else { return PairedInterval() }
        let mean = differences.reduce(0) { $0 + $1.sum } / Double(cases)
        var random = RandomStream(seed: seed)
        var means: [Double] = []
        means.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var sum = 0.0
            var count = 0
            for _ in differences.indices {
                let drawn = differences[Int(random.uniform() * Double(differences.count))]
                sum += drawn.sum
                count += drawn.cases
            }
            means.append(count > 0 ? sum / Double(count) : mean)
        }
        means.sort()
        var (low, high) = (means[Int(0.025 * Double(resamples))], means[Int(0.975 * Double(resamples))])
        if differences.count < Self.drawnMin { (low, high) = (min(low, 0), max(high, 0)) }
        return PairedInterval(mean: mean, low: low, high: high)
    }
}

extension PairedInterval {
    /// Of differences one by one.
    ///
    /// - Parameters:
    ///   - differences: one a case.
    ///   - clusters: what each case belongs to, any numbers; nil where each stands alone.
    /// - Returns: nil where there are no cases.
    public init?(_ differences: [Double], clusters: [Int]? = nil) {
        guard !differences.isEmpty else { return nil }
        precondition(clusters.map { $0.count == differences.count } ?? true, "a cluster for each case")
        var sums: [(sum: Double, cases: Int)] = []
        var places: [Int: Int] = [:]
        for (index, difference) in differences.enumerated() {
            let cluster = clusters?[index] ?? index
            let place = places[cluster] ?? sums.count
            if place == sums.count {
                places[cluster] = place
                sums.append((0, 0))
            }
            sums[place].sum += difference
            sums[place].cases += 1
        }
        self = PairedBootstrap().interval(sums)
    }
}
