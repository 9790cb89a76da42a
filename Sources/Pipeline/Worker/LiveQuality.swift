internal import Events
internal import Models

/// How good this member's lists are, told by what each user does next: HR@20 and NDCG@20 of the last list at the user's
/// next event, if that is of an item that is new to the user. Means in which each case weighs less than the next one.
///
/// It is no state and changes nothing: what a restart loses is only that some users' next event is not judged.
public struct LiveQuality: Sendable {
    /// After so many cases a case weighs half.
    public static let halfLifeCases = 1000.0

    /// Sums over all cases since the start, by which stretches can be compared.
    public private(set) var sums = QualityWatch.Sums()
    private var weight = 0.0
    private var hits = 0.0
    private var gains = 0.0
    private static let fading = Deterministic.exp2(-1 / halfLifeCases)

    public init() {}

    /// Events that were judged since the start.
    public var cases: Int { sums.cases }
    /// 0 before the first case.
    public var hitRate: Double { weight > 0 ? hits / weight : 0 }
    public var ndcg: Double { weight > 0 ? gains / weight : 0 }

    mutating func add(_ found: LastLists.Found) {
        let rank: Int? = if case .at(let place) = found { place } else { nil }
        let gain = Gain.at(rank)
        sums.cases += 1
        sums.gains += gain
        sums.squares += gain * gain
        weight = weight * Self.fading + 1
        hits = hits * Self.fading + (rank == nil ? 0 : 1)
        gains = gains * Self.fading + gain
    }
}
