internal import Events
internal import Foundation

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
    public private(set) var count = 0
    private var sums = Sums()
    private let discounts: [Double]

    struct Sums: Sendable {
        var hits = 0.0
        var recall = 0.0
        var precision = 0.0
        var ndcg = 0.0
        var map = 0.0
        var mrr = 0.0
    }

    public init(length: Int) {
        precondition(length > 0, "a list has items")
        self.length = length
        discounts = (0..<length).map { 1 / log2(Double($0 + 2)) }
    }

    /// Adds a case.
    /// - Parameters:
    ///   - hitRanks: the places of the relevant items in the list, from 0, rising; those at N and behind do not count.
    ///   - relevant: how many relevant items there are.
    public mutating func add(hitRanks: some Sequence<Int>, relevant: Int) {
        guard relevant > 0 else { return }
        count += 1
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
        sums.hits += hits > 0 ? 1 : 0
        sums.recall += hits / Double(relevant)
        sums.precision += hits / Double(length)
        sums.ndcg += gain / discounts[..<best].reduce(0, +)
        sums.map += precisions / Double(best)
        sums.mrr += first
    }

    public var hitRate: Double { mean(sums.hits) }
    public var recall: Double { mean(sums.recall) }
    public var precision: Double { mean(sums.precision) }
    public var ndcg: Double { mean(sums.ndcg) }
    public var map: Double { mean(sums.map) }
    public var mrr: Double { mean(sums.mrr) }

    private func mean(_ sum: Double) -> Double { count == 0 ? 0 : sum / Double(count) }

    /// AUC of one case: the probability that a relevant item stands before one that is not, ties counting half.
    /// - Parameters:
    ///   - ranks: the relevant items' places among all `candidates` from 0, a tie's mean place.
    ///   - candidates: how many items were ranked. Nil where all or none of them are relevant.
    public static func auc(ranks: [Double], candidates: Int) -> Double? {
        let others = candidates - ranks.count
        guard !ranks.isEmpty, others > 0 else { return nil }
        let relevantPairs = Double(ranks.count * (ranks.count - 1)) / 2
        let above = ranks.reduce(0, +) - relevantPairs
        return 1 - above / Double(ranks.count * others)
    }
}
