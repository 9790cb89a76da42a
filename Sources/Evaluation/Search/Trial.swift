/// Settings that a search wants tried.
public struct TrialPlan: Sendable, Equatable {
    /// From 0, in the order in which the search thought of them.
    public let number: Int
    /// What is searched by its name, as an algorithm's `set` takes it.
    public let settings: [String: String]
    /// The share of the full effort, in 0...1.
    public let budget: Double
    /// What the objective must reach after one fold, after two …, for the trial to go on; none where nothing is asked.
    public let medians: [Double]

    public init(number: Int, settings: [String: String], budget: Double, medians: [Double] = []) {
        (self.number, self.settings, self.budget, self.medians) = (number, settings, budget, medians)
    }
}

/// Settings that were tried.
public struct Trial: Sendable, Equatable {
    public let plan: TrialPlan
    /// The objectives in the search's order; nil where the trial was stopped, or the algorithm refused its settings.
    public let values: [Double]?
    /// Of training and ranking.
    public let seconds: Double
    /// The first objective after one fold, after two …, as far as it came; none where nothing is asked of it.
    public let folds: [Double]
    public let ending: TrialEnding

    /// - Parameter ending: of one without values; one that has them came to its end.
    public init(
        plan: TrialPlan, values: [Double]?, seconds: Double, folds: [Double] = [], ending: TrialEnding = .late
    ) {
        self.plan = plan
        self.values = values
        self.seconds = seconds
        self.folds = folds
        self.ending = values == nil ? ending : .whole
    }
}

/// How a trial ended; the raw values stand in stores and in JSON.
public enum TrialEnding: String, Sendable, CaseIterable {
    /// It has values.
    case whole
    /// It took longer than was allowed.
    case late
    /// The algorithm does not take such data with such settings.
    case refused
    /// Steps were too long for the model to stay finite.
    case diverged
    /// After some folds it was worse than half of the trials before it.
    case belowMedian = "below-median"
}

/// What a search wants: a measure of lists, as large as can be, or seconds, as few as can be.
public enum Objective: Sendable, Equatable {
    case measure(RankingMeasure)
    case seconds

    /// The objective of one of `names`; nil for another text.
    public init?(_ name: String) {
        if name == "seconds" {
            self = .seconds
        } else if let measure = RankingMeasure(rawValue: name) {
            self = .measure(measure)
        } else {
            return nil
        }
    }

    public var name: String {
        switch self {
        case .measure(let measure): measure.rawValue
        case .seconds: "seconds"
        }
    }

    /// The names that there are.
    public static let names = RankingMeasure.allCases.map(\.rawValue) + ["seconds"]

    /// A value of which more is better.
    public func gain(_ value: Double) -> Double { self == .seconds ? -value : value }
}

/// Which trials are better, by one objective or by several.
public struct TrialOrder: Sendable {
    /// Of trials in one front the first one decides, then the next.
    public let objectives: [Objective]

    public init(_ objectives: [Objective]) {
        precondition(!objectives.isEmpty, "a search wants something")
        self.objectives = objectives
    }

    /// Whether one is at least as good by all objectives, and better by one.
    func dominates(_ a: [Double], _ b: [Double]) -> Bool {
        var isBetter = false
        for (objective, (x, y)) in zip(objectives, zip(a, b)) {
            if objective.gain(x) < objective.gain(y) { return false }
            if objective.gain(x) > objective.gain(y) { isBetter = true }
        }
        return isBetter
    }

    /// Those that no other dominates, in the order given: the Pareto front.
    public func front(_ trials: [Trial]) -> [Trial] {
        trials.filter { trial in
            guard let values = trial.values else { return false }
            return !trials.contains { $0.values.map { dominates($0, values) } ?? false }
        }
    }

    /// Best first: front by front (Deb et al. 2002), within one by the objectives in turn, then by number. Trials without
    /// values come last.
    public func sorted(_ trials: [Trial]) -> [Trial] {
        var ranked = trials.compactMap { trial in
            trial.values.map { values in
                (trial: trial, gains: zip(objectives, values).map { $0.gain($1) }, rank: 0)
            }
        }
        // With the largest gains first a trial comes behind all that dominate it.
        ranked.sort { a, b in
            a.gains != b.gains ? b.gains.lexicographicallyPrecedes(a.gains) : a.trial.plan.number < b.trial.plan.number
        }
        // One objective has an order already.
        if objectives.count > 1 {
            for place in ranked.indices {
                for other in 0..<place
                where ranked[other].gains != ranked[place].gains
                    && zip(ranked[other].gains, ranked[place].gains).allSatisfy({ $0 >= $1 })
                {
                    ranked[place].rank = max(ranked[place].rank, ranked[other].rank + 1)
                }
            }
            let places = ranked.indices.sorted { (ranked[$0].rank, $0) < (ranked[$1].rank, $1) }
            ranked = places.map { ranked[$0] }
        }
        return ranked.map(\.trial) + trials.filter { $0.values == nil }.sorted { $0.plan.number < $1.plan.number }
    }
}
