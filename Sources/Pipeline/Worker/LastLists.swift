internal import Events
internal import Models

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
