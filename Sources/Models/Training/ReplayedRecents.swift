internal import Events

/// Each user's items as a replay has come to them: the one touched last first, as `UserQuery` has them.
struct ReplayedRecents {
    private let histories: TrainingHistories
    /// Places of interactions in the room of each user's history, at the end of it: an item that is new goes before them.
    private var rows: [IdentifierTable.Number]
    private var ratings: [Float]
    private var counts: [Int]
    private let states: [UserQuery.ItemState]

    init(_ histories: TrainingHistories) {
        self.histories = histories
        rows = histories.rows.map { IdentifierTable.Number($0) }
        ratings = histories.ratings
        counts = Array(repeating: 0, count: histories.userCount)
        let longest = (0..<histories.userCount).reduce(0) { max($0, histories.starts[$1 + 1] - histories.starts[$1]) }
        states = Array(repeating: .viewed, count: longest)
    }

    /// The user touches the item of an interaction.
    mutating func touch(_ place: Int, of user: Int) {
        let item = IdentifierTable.Number(histories.rows[place])
        let end = histories.starts[user + 1]
        var position = end - counts[user]
        while position < end, rows[position] != item { position += 1 }
        if position == end {
            counts[user] += 1
            position = end - counts[user]
        }
        while position > end - counts[user] {
            (rows[position], ratings[position]) = (rows[position - 1], ratings[position - 1])
            position -= 1
        }
        (rows[position], ratings[position]) = (item, histories.ratings[place])
    }

    func withQuery(of user: Int, _ body: (UserQuery) -> Void) {
        let end = histories.starts[user + 1]
        let range = (end - counts[user])..<end
        rows.withUnsafeBufferPointer { rows in
            ratings.withUnsafeBufferPointer { ratings in
                states.withUnsafeBufferPointer { states in
                    body(
                        UserQuery(
                            recents: .init(rebasing: rows[range]), ratings: .init(rebasing: ratings[range]),
                            states: .init(rebasing: states[..<range.count]), seed: 0))
                }
            }
        }
    }
}
