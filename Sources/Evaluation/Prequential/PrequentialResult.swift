internal import Events
public import Models

/// What a prequential evaluation found.
public struct PrequentialResult: Sendable {
    /// A stretch of the stream.
    public struct Point: Sendable, Equatable {
        /// Events until its end, and the time of the last one in ms.
        public var events: Int
        public var time: Int64
        /// Events scored in it.
        public var count: Int
        /// HR@N and NDCG@N of these events.
        public var hitRate: Double
        public var ndcg: Double
    }

    /// An event that was scored.
    public struct Outcome: Sendable, Equatable {
        /// Its place in the stream.
        public var event: Int
        /// The stream's number of its user.
        public var user: Int
        /// Items that the user had touched before.
        public var activity: Int
        /// The place of its item in the list, from 0; nil for a miss.
        public var rank: Int?
    }

    /// N
    public let length: Int
    /// Over all events that were scored.
    public private(set) var metrics: RankingMetrics
    /// The stretches in their order; those in which nothing was scored are left out.
    public private(set) var series: [Point] = []
    /// One for each event that was scored, in the order of the stream.
    public private(set) var outcomes: [Outcome] = []
    /// What the lists were like, each beside the interactions until then.
    public private(set) var statistics: ListStatistics
    /// The latest category of each item, by the stream's numbers.
    private var categories: [IdentifierTable.Number]
    /// What the generations said about themselves; their `events` are the places in the stream at which they came in.
    public internal(set) var generations: [GenerationManifest] = []
    /// Why the latest training that was due could not be done; nil where it was.
    public internal(set) var refusal: String?
    private var stretch: RankingMetrics

    /// - Parameter items: how many numbers of items the stream has.
    init(length: Int, items: Int) {
        self.length = length
        metrics = RankingMetrics(length: length)
        stretch = metrics
        statistics = ListStatistics(interactions: [Double](repeating: 0, count: items))
        categories = [IdentifierTable.Number](repeating: IdentifierTable.none, count: items)
    }

    public var hitRate: Double { metrics.hitRate }
    public var ndcg: Double { metrics.ndcg }
    /// Events that were scored.
    public var count: Int { metrics.count }

    /// The events in three groups by how much their users had touched before, as equal as whole numbers allow.
    public func groups() -> [ActivityGroup] {
        var groups = ActivityGroup.thirds(outcomes.map(\.activity), length: length)
        for outcome in outcomes {
            guard let place = groups.firstIndex(where: { $0.range.contains(outcome.activity) }) else { continue }
            groups[place].metrics.add(hitRanks: CollectionOfOne(outcome.rank ?? length), relevant: 1)
        }
        return groups
    }

    /// - Parameter list: the stream's numbers of the items that were recommended.
    mutating func add(_ outcome: Outcome, list: [Int]) {
        metrics.add(hitRanks: CollectionOfOne(outcome.rank ?? length), relevant: 1)
        stretch.add(hitRanks: CollectionOfOne(outcome.rank ?? length), relevant: 1)
        outcomes.append(outcome)
        statistics.add(list) { [categories] in
            categories[$0] == IdentifierTable.none ? nil : Int(categories[$0])
        }
    }

    /// Takes up what an event says of its item.
    mutating func learn(_ record: EventStream.Record) {
        statistics.learn(Int(record.item))
        if record.category != IdentifierTable.none { categories[Int(record.item)] = record.category }
    }

    mutating func endPoint(events: Int, time: Int64) {
        if stretch.count > 0 {
            series.append(
                Point(
                    events: events, time: time, count: stretch.count, hitRate: stretch.hitRate, ndcg: stretch.ndcg))
        }
        stretch = RankingMetrics(length: length)
    }
}
