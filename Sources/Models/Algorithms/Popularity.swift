internal import Events

/// Items by how many users touched them, each interaction weighing `2^(−age / half-life)`: what every other algorithm has
/// to beat (Cremonesi, Koren, Turrin, "Performance of Recommender Algorithms on Top-N Recommendation Tasks", RecSys
/// 2010). Scores are shares of the most popular item's.
public struct Popularity: Sendable, Equatable {
    /// Of an interaction's weight, in days; 0 for none. Ages are measured from the newest interaction.
    public var halfLifeDays: Float = 0
    /// Nothing here is random, and nothing is worth a second thread.
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {}

    /// The weight of each item.
    func weights(_ histories: TrainingHistories) -> [Float] {
        var sums = [Double](repeating: 0, count: histories.items.count)
        let halfLife = Double(halfLifeDays) * 86_400_000
        for (place, row) in histories.rows.enumerated() where histories.ratings[place] > 0 {
            let age = Double(histories.latestTime - histories.times[place])
            sums[Int(row)] += halfLife > 0 ? Deterministic.exp2(-age / halfLife) : 1
        }
        let largest = sums.max() ?? 0
        return largest > 0 ? sums.map { Float($0 / largest) } : sums.map { _ in 0 }
    }
}
