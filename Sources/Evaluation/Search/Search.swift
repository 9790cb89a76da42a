internal import Models

/// Thinks of settings to try, batch by batch. What a batch holds follows from the seed and the values of the batches before
/// it alone: not from how many of its trials run at once, nor from whether the search was interrupted.
public struct Search: Sendable {
    /// How a search thinks of settings; the raw value is its name on the command line.
    public enum Method: String, CaseIterable, Sendable {
        case random
        /// `ParzenEstimator`, after some random trials.
        case tpe
        /// Successive halving (Jamieson and Talwalkar, AISTATS 2016): all settings with a ninth of the effort, the best third
        /// of them with a third, the best third of those with all of it.
        case halving
    }

    public let space: SearchSpace
    public let method: Method
    /// How many settings are tried.
    public let trials: Int
    /// Which trials are better than others, by the objectives.
    public let order: TrialOrder
    public let seed: UInt64

    /// Trials of a batch, except in halving. They do not know of each other's values, so that several run at once.
    static let batchSize = 4
    /// Random ones before the estimator.
    static let firstTrials = 12
    /// The part of trials that goes on, and by which the effort grows, in halving: one in three.
    static let reduction = 3
    /// Trials that must have come as far before one is stopped for being below their median.
    static let medianTrials = 8
    static let budgets = [1.0 / 9, 1.0 / 3, 1]

    /// - Parameters:
    ///   - trials: settings to try, at least one; in halving those of the first rung.
    ///   - objectives: at least one; of several the earlier ones count more between trials of one front.
    public init(space: SearchSpace, method: Method, trials: Int, objectives: [Objective], seed: UInt64) {
        precondition(trials > 0, "a search tries something")
        self.space = space
        self.method = method
        self.trials = trials
        order = TrialOrder(objectives)
        self.seed = seed
    }

    /// How many trials there are in all.
    public var total: Int {
        guard method == .halving else { return trials }
        return rungs.reduce(0, +)
    }

    /// Settings on each rung of the halving.
    private var rungs: [Int] {
        var sizes = [trials]
        while sizes.count < Self.budgets.count { sizes.append(max(1, sizes[sizes.count - 1] / Self.reduction)) }
        return sizes
    }

    /// The trials of a batch; none behind the last.
    /// - Parameters:
    ///   - batch: from 0.
    ///   - done: all trials of the batches before it, in any order.
    public func plans(batch: Int, after done: [Trial]) -> [TrialPlan] {
        if method == .halving { return rung(batch, done) }
        let first = batch * Self.batchSize
        guard first < trials else { return [] }
        let ranked = order.sorted(done.filter { $0.plan.number < first })
        let places = ranked.compactMap { space.places(of: $0.plan.settings) }
        let measured = ranked.count { $0.values != nil }
        let medians = medians(ranked)
        return (first..<min(first + Self.batchSize, trials)).map { number in
            var random = RandomStream(seed: seed, row: number)
            let isEarly = method == .random || number < Self.firstTrials || measured < 2
            let place =
                isEarly
                ? space.dimensions.map { _ in random.uniform() }
                : ParzenEstimator(space: space).next(places, measured: measured, using: &random)
            return TrialPlan(
                number: number, settings: space.settings(at: place), budget: 1, medians: medians)
        }
    }

    /// What a trial must reach after each number of folds: the median of the trials before its batch after as many folds
    /// (Golovin et al., "Google Vizier", KDD 2017, section 3.4). Not where there are several objectives: what is worse by one may
    /// be on the front by another; nor for time, which no two runs agree on.
    private func medians(_ trials: [Trial]) -> [Double] {
        guard order.objectives.count == 1, order.objectives[0] != .seconds else { return [] }
        var medians: [Double] = []
        while true {
            let values = trials.filter { $0.folds.count > medians.count }.map { $0.folds[medians.count] }.sorted()
            guard values.count >= Self.medianTrials else { return medians }
            medians.append(values[values.count / 2])
        }
    }

    private func rung(_ rung: Int, _ done: [Trial]) -> [TrialPlan] {
        let sizes = rungs
        guard rung < sizes.count else { return [] }
        let first = sizes[..<rung].reduce(0, +)
        guard rung > 0 else {
            return (0..<trials).map { number in
                var random = RandomStream(seed: seed, row: number)
                return TrialPlan(
                    number: number, settings: space.settings(at: space.dimensions.map { _ in random.uniform() }),
                    budget: Self.budgets[0])
            }
        }
        let before = done.filter { $0.plan.number >= first - sizes[rung - 1] && $0.plan.number < first }
        return order.sorted(before).filter { $0.values != nil }.prefix(sizes[rung]).enumerated().map { place, trial in
            TrialPlan(number: first + place, settings: trial.plan.settings, budget: Self.budgets[rung])
        }
    }
}
