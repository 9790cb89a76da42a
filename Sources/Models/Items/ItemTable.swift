public import Events
internal import Linear

/// What is known of the items: co-visitation, popularity, attributes and counters. The state of the item fold.
///
/// Everything here is a function of the item log up to an offset. Numbers of items, categories and brands are local to
/// the process; what leaves it (hash, snapshot, lists) goes by the identifiers' bytes.
public final class ItemTable {
    /// A number of `identifiers`: it means nothing outside the process.
    public typealias Item = IdentifierTable.Number

    /// The settings that the table's content depends on.
    public struct Settings: Sendable, Equatable {
        public var covisitation = CovisitationTable.Settings()
        /// Half-lives of the popularity bank in milliseconds, the shortest first, last perhaps 0 for none.
        public var popularityHalfLives: [Int64] = [15, 6 * 60, 7 * 24 * 60, 180 * 24 * 60].map { $0 * 60_000 }
        /// The most items that the table keeps; past it, those with the least popularity go.
        public var itemsMax = 1_000_000

        public init() {}

        /// Whether half-lives are in the order that a bank has: what never fades lasts longest.
        public static func isOrdered(_ halfLives: [Int64]) -> Bool {
            zip(halfLives, halfLives.dropFirst()).allSatisfy { $0 > 0 && ($1 == 0 || $0 <= $1) }
        }
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
    /// One more than the largest item number with attributes; items below it need not be live.
    @exclusivity(unchecked) public private(set) var upperBound = 0
    /// Items that are known and were not evicted.
    @exclusivity(unchecked) public internal(set) var liveCount = 0
    /// Items that are known only as withdrawn: evicted ones, and those that nobody has touched yet.
    @exclusivity(unchecked) public internal(set) var withdrawnCount = 0
    /// Events that the live items have had, by their counters: unlike offsets, it knows nothing of what expired before the
    /// first event that was learnt.
    @exclusivity(unchecked) public private(set) var eventCount = 0
    /// The largest event time learnt, in ms since 1970.
    @exclusivity(unchecked) public private(set) var latestTime: Int64 = 0
    /// Which items changed, so that what is derived from the table can follow.
    @exclusivity(unchecked) public internal(set) var journal = ItemJournal()
    /// The live items of each category; derived from the attributes.
    @exclusivity(unchecked) public private(set) var members: [[Item]] = []

    /// An empty table. Half-lives have to be in the order that `Settings.isOrdered` asks for.
    public init(settings: Settings, identifiers: IdentifierTable = IdentifierTable()) {
        // Eviction and trends go by the order.
        precondition(Settings.isOrdered(settings.popularityHalfLives), "half-lives are not in order")
        self.settings = settings
        self.identifiers = identifiers
        covisitation = CovisitationTable(settings: settings.covisitation, identifiers: identifiers)
        popularity = DecayedPopularity(halfLives: settings.popularityHalfLives)
        activity = DecayedPopularity(halfLives: settings.popularityHalfLives)
        attributesOfItems = Self.allocate(capacity)
    }

    deinit { UnsafeMutableRawPointer(attributesOfItems).deallocate() }

    /// The attributes of an item; those of an unknown item are empty.
    @inlinable
    public func attributes(_ item: Item) -> Attributes {
        Int(item) < upperBound ? attributesOfItems[Int(item)] : Attributes()
    }

    /// Whether an item may stand in a list: known, not evicted, and available.
    @inlinable
    public func isRecommendable(_ item: Item) -> Bool {
        Int(item) < upperBound && attributesOfItems[Int(item)].isRecommendable
    }

    /// Whether all that is known of an item is that the catalogue has withdrawn it.
    public func isOnlyWithdrawn(_ item: Item) -> Bool {
        Int(item) < upperBound && attributesOfItems[Int(item)].flags == .withdrawn
    }

    /// The category of an item, a number of `words`; none where it has none or is not known.
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
        eventCount &+= 1
        covisitation.learn(item: item, preceding: preceding, time: time)
        activity.learn(item: item, time: time)
        if isNewPair { popularity.learn(item: item, time: time, like: activity) }
        journal.note(item, attributesOfItems[index].category)
    }

    /// Takes over what an event says about its item; absent values (none, NaN) change nothing.
    ///
    /// What the catalogue names stays. Of events the latest one counts: an older one fills in only what is not known.
    public func describe(
        item: Item, category: IdentifierTable.Number, categoryCode: IdentifierTable.Number,
        brand: IdentifierTable.Number, price: Double, time: Int64
    ) {
        let none = IdentifierTable.none
        guard category != none || categoryCode != none || brand != none || !price.isNaN else { return }
        // To touch an item may move the attributes: their base is read when that is done.
        let index = touch(item, time)
        let attributes = attributesOfItems + index
        let isLatest = attributes.pointee.describedAt.map { time >= $0 } ?? true
        if isLatest { attributes.pointee.describedAt = time }
        func takes(_ field: Attributes.Flags, isKnown: Bool) -> Bool {
            !attributes.pointee.flags.contains(field) && (isLatest || !isKnown)
        }
        if category != none, takes(.namesCategory, isKnown: attributes.pointee.category != none) {
            move(item, to: category)
        }
        if categoryCode != none, takes(.namesCategoryCode, isKnown: attributes.pointee.categoryCode != none) {
            attributes.pointee.categoryCode = categoryCode
        }
        if brand != none, takes(.namesBrand, isKnown: attributes.pointee.brand != none) {
            attributes.pointee.brand = brand
        }
        if !price.isNaN, takes(.namesPrice, isKnown: !attributes.pointee.price.isNaN) {
            setPrice(item, price)
        }
        journal.note(item, attributes.pointee.category)
    }

    /// The place of an item that an event touches.
    private func touch(_ item: Item, _ time: Int64) -> Int {
        revive(item)
        attributesOfItems[Int(item)].see(time)
        if time > latestTime { latestTime = time }
        return Int(item)
    }

    /// Makes an item live, if it is not. Where the table is full the least active items make room first, so that its bound
    /// always holds, whatever brings the new one, and a new item is never the one that goes.
    @inline(__always)
    func revive(_ item: Item) {
        reserve(Int(item))
        if attributesOfItems[Int(item)].flags.contains(.live) { return }
        if liveCount >= settings.itemsMax { evict() }
        if attributesOfItems[Int(item)].flags.contains(.withdrawn) { withdrawnCount -= 1 }
        attributesOfItems[Int(item)].flags.insert(.live)
        liveCount += 1
    }

    func setPrice(_ item: Item, _ price: Double) {
        prices.move(from: attributesOfItems[Int(item)].price, to: price)
        attributesOfItems[Int(item)].price = price
    }

    /// Puts a live item into another category, or none.
    func move(_ item: Item, to category: IdentifierTable.Number) {
        let attributes = attributesOfItems + Int(item)
        guard attributes.pointee.category != category else { return }
        leave(item)
        // Whoever follows has to hear of the category that it has left.
        journal.note(item, attributes.pointee.category)
        attributes.pointee.category = category
        enter(item)
    }

    private func enter(_ item: Item) {
        let attributes = attributesOfItems + Int(item)
        let category = Int(attributes.pointee.category)
        guard attributes.pointee.category != IdentifierTable.none else { return }
        while members.count <= category { members.append([]) }
        attributes.pointee.memberPlace = UInt32(members[category].count)
        members[category].append(item)
    }

    private func leave(_ item: Item) {
        let attributes = attributesOfItems + Int(item)
        guard attributes.pointee.category != IdentifierTable.none,
            let last = members[Int(attributes.pointee.category)].popLast(), last != item
        else { return }
        members[Int(attributes.pointee.category)][Int(attributes.pointee.memberPlace)] = last
        attributesOfItems[Int(last)].memberPlace = attributes.pointee.memberPlace
    }

    func reserve(_ index: Int) {
        if index < upperBound { return }
        if index >= capacity {
            let larger = Self.allocate(max(index + 1, capacity * 2))
            larger.moveInitialize(from: attributesOfItems, count: upperBound)
            UnsafeMutableRawPointer(attributesOfItems).deallocate()
            attributesOfItems = larger
            capacity = max(index + 1, capacity * 2)
        }
        (attributesOfItems + upperBound).initialize(repeating: Attributes(), count: index + 1 - upperBound)
        upperBound = index + 1
    }

    /// Each item's attributes fill a line of the cache.
    private static func allocate(_ count: Int) -> UnsafeMutablePointer<Attributes> {
        precondition(MemoryLayout<Attributes>.stride == 64)
        return UnsafeMutableRawPointer.allocate(byteCount: count * 64, alignment: 64)
            .bindMemory(to: Attributes.self, capacity: count)
    }

    /// Forgets an item, but for its withdrawal: it must not come back into lists with the next event.
    func forget(_ item: Item) {
        leave(item)
        setPrice(item, .nan)
        let isWithdrawn = attributesOfItems[Int(item)].flags.contains(.withdrawn)
        eventCount &-= attributesOfItems[Int(item)].eventCount
        attributesOfItems[Int(item)] = Attributes()
        if isWithdrawn { mark(item) }
        covisitation.forget(item)
        popularity.forget(item)
        activity.forget(item)
        liveCount -= 1
    }

    /// Keeps a withdrawal of an item that is not live.
    func mark(_ item: Item) {
        attributesOfItems[Int(item)].flags = .withdrawn
        withdrawnCount += 1
    }
}

extension ItemTable {
    /// Puts an item back as a snapshot has it; co-visitation and popularity are restored beside it.
    public func restore(_ item: Item, _ attributes: Attributes) {
        reserve(Int(item))
        let isKnown = attributesOfItems[Int(item)].flags
        // Twice in a damaged snapshot.
        if isKnown.contains(.live) { leave(item) } else { liveCount += 1 }
        if isKnown == .withdrawn { withdrawnCount -= 1 }
        prices.move(from: attributesOfItems[Int(item)].price, to: attributes.price)
        eventCount &+= attributes.eventCount &- attributesOfItems[Int(item)].eventCount
        attributesOfItems[Int(item)] = attributes
        attributesOfItems[Int(item)].flags.insert(.live)
        enter(item)
        journal.breakOff()
    }

    /// Puts the withdrawal of an item back that is not live.
    public func restoreWithdrawal(_ item: Item) {
        reserve(Int(item))
        if attributesOfItems[Int(item)].flags.isEmpty { mark(item) }
    }

    /// Puts the largest event time back as a snapshot has it, in ms.
    public func restore(latestTime: Int64) { self.latestTime = latestTime }
}
