public import Events

/// What a data set is like.
public struct StreamStatistics: Sendable {
    /// Events, and the users and items that they are of.
    public let events: Int
    public let users: Int
    public let items: Int
    /// Different pairs of user and item.
    public let pairs: Int
    /// Events of each type.
    public let types: [EventType: Int]
    /// Times of the first and the last event, in ms; nil without events.
    public let times: ClosedRange<Int64>?
    /// The numbers of different items of each user, rising, and of different users of each item.
    public let itemsOfUsers: [Int]
    public let usersOfItems: [Int]
    /// Of the events that a prequential evaluation scores, the share whose item nobody touched before: no list can hold it.
    public let newTargetShare: Double
    /// How many such events there are.
    public let targets: Int

    /// - Parameter stream: sorted by time.
    public init(_ stream: EventStream) {
        var touched = Set<UInt64>()
        var ofUser = [Int](repeating: 0, count: stream.users.upperBound)
        var ofItem = [Int](repeating: 0, count: stream.items.upperBound)
        var types: [EventType: Int] = [:]
        var targets = 0
        var newTargets = 0
        let warmUp = Int(Double(stream.count) * PrequentialEvaluation().warmUpShare)
        for (index, record) in stream.records.enumerated() {
            types[record.type, default: 0] += 1
            guard touched.insert(record.pair).inserted else { continue }
            if index >= warmUp, ofUser[Int(record.user)] > 0 {
                targets += 1
                if ofItem[Int(record.item)] == 0 { newTargets += 1 }
            }
            ofUser[Int(record.user)] += 1
            ofItem[Int(record.item)] += 1
        }
        events = stream.count
        itemsOfUsers = ofUser.filter { $0 > 0 }.sorted()
        usersOfItems = ofItem.filter { $0 > 0 }.sorted()
        users = itemsOfUsers.count
        items = usersOfItems.count
        pairs = touched.count
        self.types = types
        times = stream.records.first.flatMap { first in
            stream.records.last.map { first.time...max($0.time, first.time) }
        }
        self.targets = targets
        newTargetShare = targets == 0 ? 0 : Double(newTargets) / Double(targets)
    }

    /// The share of all pairs of a user and an item that there are.
    public var density: Double { users * items == 0 ? 0 : Double(pairs) / Double(users) / Double(items) }

    /// The share of events whose user had touched their item before.
    public var repeatShare: Double { events == 0 ? 0 : Double(events - pairs) / Double(events) }

    /// The value below or at which a share of sorted numbers lies (nearest rank).
    public static func percentile(_ share: Double, of sorted: [Int]) -> Int {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }
}
