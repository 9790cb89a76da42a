internal import Models

/// Means of the usual measures of ranked lists, one list a case (a user, or an event).
///
/// With a list of N items, R relevant ones, and rel(k) = 1 where the item at rank k (from 1) is relevant:
/// - **HR**: 1 where any item of the list is relevant.
/// - **Recall**: hits / R. **Precision**: hits / N.
/// - **NDCG**: Σ rel(k)/log₂(k+1), divided by what the best order gives: Σ over k ≤ min(R, N) of 1/log₂(k+1) (Järvelin
///   and Kekäläinen 2002).
/// - **MAP**: Σ rel(k)·(hits up to k)/k, divided by min(R, N). **MRR**: 1 / rank of the first hit.
///
/// A case without relevant items is not counted.
public struct RankingMetrics: Sendable {
    /// N
    public let length: Int
    /// Cases that were counted.
    public private(set) var count = 0
    private var sums = RankingValues()
    private let discounts: [Double]

    /// - Parameter length: N, at least 1.
    public init(length: Int) {
        precondition(length > 0, "a list has items")
        self.length = length
        discounts = (0..<length).map { Gain.at($0) }
    }

    /// Adds a case, and returns its own measures; nil for one that is not counted.
    /// - Parameters:
    ///   - hitRanks: the places of the relevant items in the list, from 0, rising; those at N and behind do not count.
    ///   - relevant: how many relevant items there are.
    @discardableResult
    public mutating func add(hitRanks: some Sequence<Int>, relevant: Int) -> RankingValues? {
        guard relevant > 0 else { return nil }
        var hits = 0.0
        var gain = 0.0
        var precisions = 0.0
        var first = 0.0
        for rank in hitRanks where rank < length {
            hits += 1
            gain += discounts[rank]
            precisions += hits / Double(rank + 1)
            if first == 0 { first = 1 / Double(rank + 1) }
        }
        let best = min(relevant, length)
        var values = RankingValues()
        values.hitRate = hits > 0 ? 1 : 0
        values.recall = hits / Double(relevant)
        values.precision = hits / Double(length)
        values.ndcg = gain / discounts[..<best].reduce(0, +)
        values.map = precisions / Double(best)
        values.mrr = first
        add(values)
        return values
    }

    /// Adds a case that was measured before, on a list of the same length.
    mutating func add(_ values: RankingValues) {
        count += 1
        sums += values
    }

    /// The mean over the cases that were counted; 0 without any.
    public subscript(measure: RankingMeasure) -> Double { count == 0 ? 0 : sums[measure] / Double(count) }

    public var hitRate: Double { self[.hitRate] }
    public var recall: Double { self[.recall] }
    public var precision: Double { self[.precision] }
    public var ndcg: Double { self[.ndcg] }
    public var map: Double { self[.map] }
    public var mrr: Double { self[.mrr] }

    /// AUC of one case: the probability that a relevant item is scored above one that is not, ties counting half. A score that
    /// is no number loses against all others, whichever side it is on: who cannot tell has no share in it.
    /// - Parameters:
    ///   - relevant: the scores of the relevant items.
    ///   - others: those of all other items that compete. Nil where either is empty.
    public static func auc(relevant: [Float], others: some Sequence<Float>) -> Double? {
        let sorted = relevant.filter { !$0.isNaN }.sorted()
        var above = 0
        var pairs = 0
        for score in others {
            pairs += relevant.count
            if score.isNaN { continue }
            // Twice the number of relevant items above this one, a tie counting one.
            above += 2 * sorted.count - place(of: score, in: sorted, after: false)
            above -= place(of: score, in: sorted, after: true)
        }
        return pairs == 0 ? nil : Double(above) / Double(2 * pairs)
    }

    /// How many of the sorted scores lie below one, or below and equal.
    private static func place(of score: Float, in sorted: [Float], after: Bool) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < score || (after && sorted[middle] == score) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
