internal import Events
internal import Models
internal import Pipeline

/// The memory behind one user's query.
final class QueryBuffer {
    private var recents: [IdentifierTable.Number] = []
    private var ratings: [Float] = []
    private var states: [UserQuery.ItemState] = []
    private let scale: RatingScale
    private let decay: Decay

    init(scale: RatingScale, decay: Decay) {
        self.scale = scale
        self.decay = decay
    }

    /// Reads a user's history at the user's largest event time, and hands the query on; it is valid during the call.
    func withQuery<Result>(of user: UserState, _ body: (UserQuery) throws -> Result) rethrows -> Result {
        recents.removeAll(keepingCapacity: true)
        ratings.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        for entry in user.entries.reversed() {
            recents.append(entry.item)
            ratings.append(Float(entry.rating.rating(at: user.latestTime, scale: scale, decay: decay)))
            let isPurchased = entry.rating.latest(.purchase) != nil
            states.append(isPurchased ? .purchased : entry.rating.isInCart ? .inCart : .viewed)
        }
        return try recents.withUnsafeBufferPointer { recents in
            try ratings.withUnsafeBufferPointer { ratings in
                try states.withUnsafeBufferPointer { states in
                    try body(UserQuery(recents: recents, ratings: ratings, states: states, seed: 0))
                }
            }
        }
    }
}
