package import Events
package import Models

/// Room for the queries of one pass of the ranking.
package final class QueryWorkspace {
    /// Users ranked in one pass: as many as are screened together.
    package static let queriesMax = 32
    /// Items of a history whose rating is computed; older ones only keep their place among the seen.
    static let ratedItems = 64

    private var recents: [IdentifierTable.Number] = []
    private var ratings: [Float] = []
    private var states: [UserQuery.ItemState] = []
    private var ranges: [Range<Int>] = []
    private var seeds: [UInt64] = []

    var count: Int { ranges.count }

    package init() {}

    package func removeAll() {
        recents.removeAll(keepingCapacity: true)
        ratings.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        seeds.removeAll(keepingCapacity: true)
    }

    /// Adds a user's history as it stands at the user's largest event time.
    package func add(_ state: UserState, seed: UInt64, scale: RatingScale, decay: Decay) {
        let start = recents.count
        let entries = state.entries
        for index in stride(from: entries.count - 1, through: 0, by: -1) {
            let entry = entries[index]
            recents.append(entry.item)
            let isRated = entries.count - index <= Self.ratedItems
            ratings.append(
                isRated ? Float(entry.rating.rating(at: state.latestTime, scale: scale, decay: decay)) : 0)
            let isPurchased = entry.rating.latest(.purchase) != nil
            states.append(isPurchased ? .purchased : (entry.rating.isInCart ? .inCart : .viewed))
        }
        ranges.append(start..<recents.count)
        seeds.append(seed)
    }

    /// The queries; their pointers are valid during the call.
    package func withQueries<Result>(_ body: ([UserQuery]) throws -> Result) rethrows -> Result {
        try recents.withUnsafeBufferPointer { recents in
            try ratings.withUnsafeBufferPointer { ratings in
                try states.withUnsafeBufferPointer { states in
                    try body(
                        ranges.indices.map { index in
                            UserQuery(
                                recents: .init(rebasing: recents[ranges[index]]),
                                ratings: .init(rebasing: ratings[ranges[index]]),
                                states: .init(rebasing: states[ranges[index]]), seed: seeds[index])
                        })
                }
            }
        }
    }
}
