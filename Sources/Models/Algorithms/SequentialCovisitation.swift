internal import Events
internal import Linear

/// Sequential co-visitation: what was touched shortly after what (the item-to-item table of Linden, Smith, York,
/// "Amazon.com Recommendations", IEEE Internet Computing 2003, with order and distance).
///
/// Counts are those of `CovisitationTable`, which learns them event by event where lists are served:
/// an item i that follows j, j being the k-th distinct item before it, adds `g (k+1)^−γ` to `C[j→i]` and w_b times that to
/// `C[i→j]`. The score of i for a user is `Σ_q ρ^q n_j^−b C[j→i] n_i^−a` with j the q-th newest of the user's items.
/// Counts are integers, so neither order nor threads change anything.
public struct SequentialCovisitation: Sendable, Equatable {
    /// N, how many preceding items an item is paired with.
    public var window = 20
    /// γ
    public var distanceExponent: Float = 0.5
    /// w_b
    public var backwardWeight: Float = 1
    /// Of a count, in days; 0 for none.
    public var halfLifeDays: Float = 90
    /// Kept of each item; at times up to twice as many.
    public var neighbours = 512
    /// M, how many of a user's newest items are asked.
    public var recents = 20
    /// ρ
    public var positionDecay: Float = 0.7
    /// a, on the target's count.
    public var targetExponent: Float = 0.3
    /// b, on the source's count.
    public var sourceExponent: Float = 0.5
    /// Nothing here is random.
    public var seed: UInt64 = 1
    /// Taken as given: this counts in one thread.
    public var threads = 2

    public init() {}

    /// Counts all users' pairs, oldest first; nil if cancelled.
    func table(
        _ histories: TrainingHistories, progress: (Double) -> Void, isCancelled: () -> Bool
    ) -> CovisitationTable? {
        let identifiers = IdentifierTable()
        for item in histories.items { _ = identifiers.intern(item) }
        var settings = CovisitationTable.Settings()
        settings.window = window
        settings.distanceExponent = Double(distanceExponent)
        settings.backwardWeight = Double(backwardWeight)
        settings.halfLifeMilliseconds = Int64(Double(halfLifeDays) * 86_400_000)
        settings.neighbours = neighbours
        let table = CovisitationTable(settings: settings, identifiers: identifiers)
        // Interactions of all users in the order of their times, as the stream brings them: with a half-life, older
        // counts are rounded when the present moves on.
        let owners = (0..<histories.userCount).flatMap { user in
            repeatElement(user, count: histories.starts[user + 1] - histories.starts[user])
        }
        let order = (0..<histories.count).sorted {
            (histories.times[$0], owners[$0], -$0) < (histories.times[$1], owners[$1], -$1)
        }
        var preceding = [CovisitationTable.Item](repeating: 0, count: window)
        for (step, place) in order.enumerated() {
            if step % 256 == 0 {
                if isCancelled() { return nil }
                progress(0.9 * Double(step) / Double(order.count))
            }
            // Newest first: what comes later in the arrays came earlier in time.
            let before = place + 1..<min(place + 1 + window, histories.starts[owners[place] + 1])
            for (position, other) in before.enumerated() {
                preceding[position] = CovisitationTable.Item(histories.rows[other])
            }
            preceding.withUnsafeBufferPointer {
                table.learn(
                    item: CovisitationTable.Item(histories.rows[place]),
                    preceding: UnsafeBufferPointer(rebasing: $0[..<before.count]), time: histories.times[place])
            }
        }
        return table
    }
}
