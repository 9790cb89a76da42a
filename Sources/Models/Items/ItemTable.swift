public import Events
internal import Linear

/// What is known of the items: co-visitation, popularity, attributes and counters. The state of the item fold.
///
/// Everything here is a function of the item log up to an offset. Numbers of items, categories and brands are local to
/// the process; what leaves it (hash, snapshot, lists) goes by the identifiers' bytes.
public final class ItemTable {
    public typealias Item = IdentifierTable.Number

    /// The settings that the table's content depends on.
    public struct Settings: Sendable, Equatable {
        public var covisitation = CovisitationTable.Settings()
        /// Half-lives of the popularity bank in milliseconds, 0 for none.
        public var popularityHalfLives: [Int64] = [15, 6 * 60, 7 * 24 * 60, 180 * 24 * 60].map { $0 * 60_000 }
        /// The most items that the table keeps; past it, those with the least popularity go.
        public var itemsMax = 1_000_000

        public init() {}
    }

    /// What is known of one item beside its neighbours and its popularity.
    public struct Attributes {
        public var isLive = false
        /// Whether the catalogue says that it can be bought; true without a catalogue.
        public var isAvailable = true
        public var category = IdentifierTable.none
        public var categoryCode = IdentifierTable.none
        public var brand = IdentifierTable.none
        public var title = IdentifierTable.none
        /// The last price seen; NaN without one.
        public var price = Double.nan
        public var firstSeen: Int64 = 0
        public var lastSeen: Int64 = 0
        /// Events by type: view, remove_from_cart, cart, purchase.
        public var counts = SIMD4<UInt32>(repeating: 0)

        public init() {}
    }

    public let settings: Settings
    /// The numbers of items, shared with the users' histories.
    public let identifiers: IdentifierTable
    /// Categories, category codes, brands and titles.
    public let words = IdentifierTable()
    public let covisitation: CovisitationTable
    /// Popularity by new (user, item) pairs.
    public let popularity: DecayedPopularity
    /// Popularity by all events.
    public let activity: DecayedPopularity
    /// The prices of the live items; derived from the attributes.
    public let prices = PriceHistogram()
    @exclusivity(unchecked) @usableFromInline var attributesOfItems: UnsafeMutablePointer<Attributes>
    @exclusivity(unchecked) private var capacity = 1024
    @exclusivity(unchecked) public private(set) var upperBound = 0
    @exclusivity(unchecked) public private(set) var liveCount = 0
    /// The largest event time learnt, in ms since 1970.
    @exclusivity(unchecked) public private(set) var latestTime: Int64 = 0
    /// Which items changed, so that what is derived from the table can follow.
    @exclusivity(unchecked) public private(set) var journal = ItemJournal()
    /// The live items of each category; derived from the attributes.
    public private(set) var members: [[Item]] = []

    public init(settings: Settings, identifiers: IdentifierTable = IdentifierTable()) {
        self.settings = settings
        self.identifiers = identifiers
        covisitation = CovisitationTable(settings: settings.covisitation, identifiers: identifiers)
        popularity = DecayedPopularity(halfLives: settings.popularityHalfLives)
        activity = DecayedPopularity(halfLives: settings.popularityHalfLives)
        attributesOfItems = .allocate(capacity: capacity)
    }

    deinit { attributesOfItems.deallocate() }

    /// The attributes of an item; those of an unknown item are empty.
    @inlinable
    public func attributes(_ item: Item) -> Attributes {
        Int(item) < upperBound ? attributesOfItems[Int(item)] : Attributes()
    }

    /// Whether an item may stand in a list: known, not evicted, and available.
    @inlinable
    public func isRecommendable(_ item: Item) -> Bool {
        Int(item) < upperBound && attributesOfItems[Int(item)].isLive && attributesOfItems[Int(item)].isAvailable
    }

    @inlinable
    public func category(_ item: Item) -> IdentifierTable.Number {
        Int(item) < upperBound ? attributesOfItems[Int(item)].category : IdentifierTable.none
    }

    /// Asks for what `learn` will touch, some events ahead of it.
    @inline(__always)
    public func prefetchRows(item: Item, preceding: UnsafeBufferPointer<Item>) {
        covisitation.prefetchRows(item, preceding)
        guard Int(item) < upperBound else { return }
        Kernels.prefetch(attributesOfItems + Int(item), bytes: MemoryLayout<Attributes>.size)
        prefetchScores(item)
    }

    /// Asks for what decides whether an item may be a candidate.
    @inline(__always)
    func prefetchIdentity(_ item: Item) {
        guard Int(item) < upperBound else { return }
        Kernels.prefetch(attributesOfItems + Int(item), bytes: 1)
        Kernels.prefetch(identifiers.entryAddress(item), bytes: 1)
    }

    /// Asks for what a candidate is scored by.
    @inline(__always)
    func prefetchScores(_ item: Item) {
        activity.prefetch(item)
        popularity.prefetch(item)
    }

    /// Learns one event of an item.
    public func learn(
        item: Item, type: EventType, isNewPair: Bool, time: Int64, preceding: UnsafeBufferPointer<Item>
    ) {
        let index = touch(item, time)
        attributesOfItems[index].counts[Int(type.rawValue)] &+= 1
        covisitation.learn(item: item, preceding: preceding, time: time)
        activity.learn(item: item, time: time)
        if isNewPair { popularity.learn(item: item, time: time, like: activity) }
        journal.note(item, attributesOfItems[index].category)
        if liveCount > settings.itemsMax { evict() }
    }

    /// Takes over what an event or the catalogue says about an item; absent values (none, NaN) change nothing.
    public func describe(
        item: Item, category: IdentifierTable.Number, categoryCode: IdentifierTable.Number,
        brand: IdentifierTable.Number, price: Double, time: Int64
    ) {
        let index = touch(item, time)
        if category != IdentifierTable.none, attributesOfItems[index].category != category {
            leave(item, attributesOfItems[index].category)
            journal.note(item, attributesOfItems[index].category)
            attributesOfItems[index].category = category
            enter(item, category)
        }
        if categoryCode != IdentifierTable.none { attributesOfItems[index].categoryCode = categoryCode }
        if brand != IdentifierTable.none { attributesOfItems[index].brand = brand }
        if !price.isNaN {
            prices.move(from: attributesOfItems[index].price, to: price)
            attributesOfItems[index].price = price
        }
        journal.note(item, attributesOfItems[index].category)
    }

    /// Takes over what only the catalogue says: title and availability.
    public func catalogue(item: Item, title: IdentifierTable.Number, isAvailable: Bool, time: Int64) {
        let index = touch(item, time)
        if title != IdentifierTable.none { attributesOfItems[index].title = title }
        attributesOfItems[index].isAvailable = isAvailable
        journal.note(item, attributesOfItems[index].category)
    }

    /// Withdraws an item: it is no longer recommended until the catalogue or an event of `catalogue` brings it back.
    public func withdraw(item: Item, time: Int64) {
        catalogue(item: item, title: IdentifierTable.none, isAvailable: false, time: time)
    }

    private func touch(_ item: Item, _ time: Int64) -> Int {
        let index = Int(item)
        reserve(index)
        if !attributesOfItems[index].isLive {
            attributesOfItems[index].isLive = true
            attributesOfItems[index].firstSeen = time
            attributesOfItems[index].lastSeen = time
            liveCount += 1
        }
        if time > attributesOfItems[index].lastSeen { attributesOfItems[index].lastSeen = time }
        if time < attributesOfItems[index].firstSeen { attributesOfItems[index].firstSeen = time }
        if time > latestTime { latestTime = time }
        return index
    }

    private func enter(_ item: Item, _ category: IdentifierTable.Number) {
        while members.count <= Int(category) { members.append([]) }
        members[Int(category)].append(item)
    }

    private func leave(_ item: Item, _ category: IdentifierTable.Number) {
        guard Int(category) < members.count, let position = members[Int(category)].firstIndex(of: item) else { return }
        members[Int(category)].swapAt(position, members[Int(category)].count - 1)
        members[Int(category)].removeLast()
    }

    private func reserve(_ index: Int) {
        if index < upperBound { return }
        if index >= capacity {
            let larger = UnsafeMutablePointer<Attributes>.allocate(capacity: max(index + 1, capacity * 2))
            larger.moveInitialize(from: attributesOfItems, count: upperBound)
            attributesOfItems.deallocate()
            attributesOfItems = larger
            capacity = max(index + 1, capacity * 2)
        }
        (attributesOfItems + upperBound).initialize(repeating: Attributes(), count: index + 1 - upperBound)
        upperBound = index + 1
    }

    /// Drops the sixteenth of the items that has been least active, by the longest half-life; ties by identifier.
    private func evict() {
        let column = activity.columns - 1
        var order = (0..<upperBound).filter { attributesOfItems[$0].isLive }.map(Item.init)
        order.sort { a, b in
            let values = (activity.value(a, column: column), activity.value(b, column: column))
            return values.0 != values.1 ? values.0 < values.1 : identifiers.precedes(a, b)
        }
        for item in order.prefix(max(1, settings.itemsMax / 16)) { forget(item) }
        journal.breakOff()
    }

    private func forget(_ item: Item) {
        leave(item, attributesOfItems[Int(item)].category)
        prices.move(from: attributesOfItems[Int(item)].price, to: .nan)
        attributesOfItems[Int(item)] = Attributes()
        covisitation.forget(item)
        popularity.forget(item)
        activity.forget(item)
        liveCount -= 1
    }
}

extension ItemTable {
    /// Puts an item back as a snapshot has it; co-visitation and popularity are restored beside it.
    public func restore(_ item: Item, _ attributes: Attributes) {
        reserve(Int(item))
        if attributes.isLive, !attributesOfItems[Int(item)].isLive { liveCount += 1 }
        prices.move(from: attributesOfItems[Int(item)].price, to: attributes.price)
        attributesOfItems[Int(item)] = attributes
        if attributes.isLive, attributes.category != IdentifierTable.none { enter(item, attributes.category) }
        journal.breakOff()
    }

    public func restore(latestTime: Int64) { self.latestTime = latestTime }
}
