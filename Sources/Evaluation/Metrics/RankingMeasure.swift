/// A measure of ranked lists; the raw value is its name in tables and JSON.
public enum RankingMeasure: String, CaseIterable, Sendable {
    case hitRate = "hr"
    case recall
    case precision
    case ndcg
    case map
    case mrr
}

/// The measures of one list, or their sums over many.
public struct RankingValues: Sendable, Equatable {
    /// Each as `RankingMetrics` defines it: from 0 to 1 for one list.
    public internal(set) var hitRate = 0.0
    public internal(set) var recall = 0.0
    public internal(set) var precision = 0.0
    public internal(set) var ndcg = 0.0
    public internal(set) var map = 0.0
    public internal(set) var mrr = 0.0

    public subscript(measure: RankingMeasure) -> Double {
        switch measure {
        case .hitRate: hitRate
        case .recall: recall
        case .precision: precision
        case .ndcg: ndcg
        case .map: map
        case .mrr: mrr
        }
    }

    static func += (sum: inout RankingValues, values: RankingValues) {
        sum.hitRate += values.hitRate
        sum.recall += values.recall
        sum.precision += values.precision
        sum.ndcg += values.ndcg
        sum.map += values.map
        sum.mrr += values.mrr
    }
}
