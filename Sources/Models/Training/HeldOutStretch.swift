/// How much there is to judge by in the latest stretch of histories: interactions of a user who has others before, with an
/// item that others had touched before. Counted without a replay, to choose the stretch; what the replay finds may be a
/// little less, where it is bounded.
struct HeldOutStretch: Sendable, Equatable {
    var cases = 0
    var users = 0

    /// Interactions, known or not, that a stretch begins to be looked at from: half of them may go to the training.
    static let interactionsMin = 4 * GenerationDecision.casesMin

    /// - Parameter boundary: the time that the stretch begins after, in ms.
    init(_ histories: TrainingHistories, after boundary: Int64) {
        var first = [Int64](repeating: .max, count: histories.items.count)
        for (place, row) in histories.rows.enumerated() {
            first[Int(row)] = min(first[Int(row)], histories.times[place])
        }
        for user in 0..<histories.userCount {
            let places = histories.starts[user]..<histories.starts[user + 1]
            guard let begin = histories.times[places].min() else { continue }
            let found = places.count { place in
                let time = histories.times[place]
                return time > boundary && time > begin && time > first[Int(histories.rows[place])]
            }
            cases += found
            users += found > 0 ? 1 : 0
        }
    }

    /// As for the figures themselves: there is one threshold.
    var isEnough: Bool { cases >= GenerationDecision.casesMin && users >= GenerationDecision.usersMin }
}
