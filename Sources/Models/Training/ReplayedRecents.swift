internal import Events

/// Each user's items as a replay has come to them: the one touched last first, as `UserQuery` has them, and rated by what
/// was touched by then.
struct ReplayedRecents {
    private let histories: TrainingHistories
    /// Items of interactions in the room of each user's history, at the end of it: an item that is new goes before them.
    private var rows: [IdentifierTable.Number]
    /// The places of these interactions.
    private var places: [Int]
    private var counts: [Int]
    /// What the interactions have come to; empty where ratings are given.
    private var pairs: [PairRating]
    /// The time of each user's last event.
    private var latest: [Int64]
    private let states: [UserQuery.ItemState]

    init(_ histories: TrainingHistories) {
        self.histories = histories
        rows = histories.rows.map { IdentifierTable.Number($0) }
        places = Array(0..<histories.count)
        counts = Array(repeating: 0, count: histories.userCount)
        pairs = Array(repeating: PairRating(), count: histories.source == nil ? 0 : histories.count)
        latest = Array(repeating: 0, count: histories.userCount)
        let longest = (0..<histories.userCount).reduce(0) { max($0, histories.starts[$1 + 1] - histories.starts[$1]) }
        states = Array(repeating: .viewed, count: longest)
    }

    /// The user touches the item of an interaction.
    mutating func touch(_ place: Int, of user: Int, _ type: EventType, time: Int64) {
        if !pairs.isEmpty { pairs[place].apply(type: type, time: time) }
        latest[user] = time
        let end = histories.starts[user + 1]
        var position = end - counts[user]
        while position < end, places[position] != place { position += 1 }
        if position == end {
            counts[user] += 1
            position = end - counts[user]
        }
        while position > end - counts[user] {
            (rows[position], places[position]) = (rows[position - 1], places[position - 1])
            position -= 1
        }
        (rows[position], places[position]) = (IdentifierTable.Number(histories.rows[place]), place)
    }

    func withItems(of user: Int, _ body: (UnsafeBufferPointer<IdentifierTable.Number>) -> Void) {
        let end = histories.starts[user + 1]
        rows.withUnsafeBufferPointer { body(.init(rebasing: $0[(end - counts[user])..<end])) }
    }

    func withQuery(of user: Int, _ body: (UserQuery) -> Void) {
        let end = histories.starts[user + 1]
        let ratings = places[(end - counts[user])..<end].map { rating($0, at: latest[user]) }
        withItems(of: user) { items in
            ratings.withUnsafeBufferPointer { ratings in
                states.withUnsafeBufferPointer { states in
                    body(
                        UserQuery(
                            recents: items, ratings: ratings, states: .init(rebasing: states[..<items.count]), seed: 0))
                }
            }
        }
    }

    private func rating(_ place: Int, at time: Int64) -> Float {
        guard let source = histories.source else { return histories.ratings[place] }
        return Float(pairs[place].rating(at: time, scale: source.scale, decay: source.decay))
    }
}
