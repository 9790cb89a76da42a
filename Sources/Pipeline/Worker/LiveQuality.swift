internal import Events
internal import Models

/// How good this member's lists are, told by what each user does next: HR@20 and NDCG@20 of the last list at the user's
/// next event, if that is of an item that is new to the user. Means in which each case weighs less than the next one.
///
/// It is no state and changes nothing: what a restart loses is only that some users' next event is not judged.
public struct LiveQuality: Sendable {
    /// After so many cases a case weighs half.
    static let halfLifeCases = 1000.0

    /// Sums over all cases since the start, by which stretches can be compared.
    public private(set) var sums = QualityWatch.Sums()
    private var weight = 0.0
    private var hits = 0.0
    private var gains = 0.0
    private static let fading = Deterministic.exp2(-1 / halfLifeCases)

    public init() {}

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

/// The last lists of some users of a partition, as long as no other user takes their slot: a bound without bookkeeping.
struct LastLists {
    static let slots = 8192
    /// The first places of a list, which are judged.
    static let judged = 20

    private let length: Int
    private var owners = [UserStore.User](repeating: IdentifierTable.none, count: slots)
    private var items: [IdentifierTable.Number]

    /// - Parameter length: of the lists.
    init(length: Int) {
        self.length = length
        items = Array(repeating: IdentifierTable.none, count: Self.slots * length)
    }

    mutating func put(_ list: borrowing [RankedItem], of user: UserStore.User) {
        let slot = Int(user) % Self.slots
        owners[slot] = user
        for place in 0..<length {
            items[slot * length + place] = place < list.count ? list[place].item : IdentifierTable.none
        }
    }

    mutating func forget(_ user: UserStore.User) {
        let slot = Int(user) % Self.slots
        if owners[slot] == user { owners[slot] = IdentifierTable.none }
    }

    /// The users whose list is known and names one of these items.
    func owners(ofListsNaming wanted: Set<IdentifierTable.Number>) -> [UserStore.User] {
        owners.indices.compactMap { slot in
            guard owners[slot] != IdentifierTable.none,
                items[(slot * length)..<((slot + 1) * length)].contains(where: wanted.contains)
            else { return nil }
            return owners[slot]
        }
    }

    /// Where an item stands in a list.
    enum Found: Equatable {
        case at(Int)
        case missing
    }

    /// Takes the list of a user away; where an item stood in it.
    /// - Returns: nil where the list is not known.
    mutating func take(_ user: UserStore.User, findingItem item: IdentifierTable.Number) -> Found? {
        let slot = Int(user) % Self.slots
        guard owners[slot] == user else { return nil }
        owners[slot] = IdentifierTable.none
        let start = slot * length
        for place in 0..<min(Self.judged, length) where items[start + place] == item { return .at(place) }
        return .missing
    }
}
