internal import Events
public import Models

/// What an offline evaluation found.
public struct OfflineResult: Sendable {
    /// One user of one fold.
    public struct Case: Sendable {
        /// The place of its fold, from 0.
        public var fold: Int
        /// The stream's number of the user.
        public var user: Int
        /// Interactions that the user has in training.
        public var activity: Int
        public var values: RankingValues
        /// Nil where it was not asked for, or the model gives lists only.
        public var auc: Double?
    }

    /// Means over the cases of all folds.
    public private(set) var metrics: RankingMetrics
    /// Each evaluated user's measures; the same cases in the same order for every model of one split.
    public private(set) var cases: [Case] = []
    /// Of the lists of each fold; none where single candidates were ranked.
    public private(set) var statistics: [ListStatistics] = []
    /// Nil where the model predicts no ratings.
    public private(set) var ratingErrors: RatingErrors?
    /// Whether the model would predict ratings but for the untouched items that it learns as 0 beside them.
    public private(set) var hasUntouchedAsRatings = false
    /// Why the measures are not whole: a model that was fitted and is of no use. Nil where they are.
    public internal(set) var refusal: String?

    init(length: Int) { metrics = RankingMetrics(length: length) }

    /// The mean over the cases that have one.
    public var auc: Double? { mean(cases.compactMap(\.auc)) }
    /// Means over the folds; nil where single candidates were ranked.
    public var coverage: Double? { mean(statistics.map(\.coverage)) }
    public var novelty: Double? { mean(statistics.map(\.novelty)) }
    public var gini: Double? { mean(statistics.map(\.gini)) }
    /// Nil where the items have no categories.
    public var diversity: Double? { mean(statistics.compactMap(\.diversity)) }

    private func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    mutating func add(_ found: RecommenderLists.Found, _ split: OfflineSplit, fold: Int) {
        let wanted = split.wanted[found.user]
        guard let values = metrics.add(hitRanks: found.ranks, relevant: wanted.count) else { return }
        cases.append(
            Case(fold: fold, user: found.user, activity: found.activity, values: values, auc: found.auc))
        for rating in found.ratings {
            ratingErrors = ratingErrors ?? RatingErrors()
            ratingErrors?.add(predicted: Double(rating.predicted), actual: Double(rating.actual))
        }
    }

    mutating func takeRatings(of recommender: some Recommender) {
        hasUntouchedAsRatings = (recommender as? any RatingRecommender).map { $0.negatives > 0 } ?? false
    }

    mutating func add(_ statistics: ListStatistics) { self.statistics.append(statistics) }

    /// The difference of a measure to another model's on the same cases, with its interval.
    public func difference(_ measure: RankingMeasure, to other: OfflineResult) -> PairedInterval? {
        precondition(
            cases.count == other.cases.count && zip(cases, other.cases).allSatisfy { $0.user == $1.user },
            "differences are of the same users")
        return PairedInterval(
            zip(cases, other.cases).map { $0.values[measure] - $1.values[measure] }, clusters: cases.map(\.user))
    }

    /// The users in three groups by how much they have in training, as equal as whole numbers of interactions allow.
    public func groups() -> [ActivityGroup] {
        var groups = ActivityGroup.thirds(cases.map(\.activity), length: metrics.length)
        for found in cases {
            guard let place = groups.firstIndex(where: { $0.range.contains(found.activity) }) else { continue }
            groups[place].metrics.add(found.values)
        }
        return groups
    }
}

/// Users with about as many interactions in training.
public struct ActivityGroup: Sendable {
    /// How many interactions they have.
    public let range: ClosedRange<Int>
    public internal(set) var metrics: RankingMetrics

    init(range: ClosedRange<Int>, length: Int) {
        self.range = range
        metrics = RankingMetrics(length: length)
    }

    /// Three groups for cases of some activities, as equal as whole numbers of interactions allow, still empty.
    static func thirds(_ activities: [Int], length: Int) -> [ActivityGroup] {
        let activities = activities.sorted()
        guard let least = activities.first, let most = activities.last else { return [] }
        let borders = [activities[activities.count / 3], activities[2 * activities.count / 3]]
        var groups: [ActivityGroup] = []
        var from = least
        for to in borders.map({ $0 - 1 }) + [most] where to >= from {
            groups.append(ActivityGroup(range: from...to, length: length))
            from = to + 1
        }
        return groups
    }
}

extension ListStatistics {
    /// For lists of the items of a training.
    init(_ train: EventStream) {
        var interactions = [Double](repeating: 0, count: train.items.upperBound)
        for record in train.records { interactions[Int(record.item)] += 1 }
        self.init(interactions: interactions)
    }
}
