/// Tells when the live quality has fallen: not by chance, and by enough to matter.
///
///     gathering ──enough cases: they are the measure──► comparing ──a stretch as good──► comparing (a new stretch)
///                                                           └──a stretch much worse──► fallen ──restart──► gathering
///
/// Stretches of a fixed number of cases are compared with the first one after a training. A stretch has fallen if its mean
/// is lower by the least share asked for and by three standard errors of the difference (Welch, Biometrika 1947): by
/// chance about one stretch in a thousand is. After a training the measure is taken anew, so a fall that training does
/// not mend is not heard twice.
public struct QualityWatch: Sendable {
    /// What counts as a fall.
    public struct Settings: Sendable, Equatable {
        /// The least fall, as a share of what it was; 0 for never.
        public var fall = 0.15
        /// The cases of a stretch: the evidence on either side.
        public var cases = 5000

        public init() {}
    }

    /// Sums over cases since a beginning.
    public struct Sums: Sendable, Equatable {
        public var cases = 0
        /// Of each case's gain, and of its square.
        public var gains = 0.0
        public var squares = 0.0

        public init() {}

        var mean: Double { cases > 0 ? gains / Double(cases) : 0 }

        /// The variance of the mean.
        var meanVariance: Double {
            guard cases > 1 else { return .infinity }
            return max(0, squares / Double(cases) - mean * mean) / Double(cases - 1)
        }

        static func - (a: Sums, b: Sums) -> Sums {
            var difference = Sums()
            difference.cases = a.cases - b.cases
            difference.gains = a.gains - b.gains
            difference.squares = a.squares - b.squares
            return difference
        }
    }

    enum State: Sendable, Equatable {
        /// Collecting the measure.
        case gathering
        case comparing(measure: Sums)
        case fallen(from: Double, to: Double)
    }

    private(set) var state = State.gathering
    private let settings: Settings
    /// The sums at the beginning of the present stretch, and those seen last.
    private var start: Sums?
    private var last = Sums()
    private static let standardErrors = 3.0

    public init(_ settings: Settings) { self.settings = settings }

    /// Takes the running sums; where they begin again (another worker), so does the stretch.
    public mutating func note(_ sums: Sums) {
        guard settings.fall > 0 else { return }
        if sums.cases < last.cases { start = nil }
        last = sums
        guard let start else {
            self.start = sums
            return
        }
        let stretch = sums - start
        guard stretch.cases >= settings.cases else { return }
        self.start = sums
        switch state {
        case .gathering: state = .comparing(measure: stretch)
        case .comparing(let measure):
            let difference = measure.mean - stretch.mean
            let error = (measure.meanVariance + stretch.meanVariance).squareRoot()
            if difference >= settings.fall * measure.mean, difference > Self.standardErrors * error {
                state = .fallen(from: measure.mean, to: stretch.mean)
            }
        case .fallen: break
        }
    }

    /// What comes from now on is measured anew.
    mutating func restart() {
        state = .gathering
        start = last
    }
}
