public import Events

extension ItemTable {
    /// What is known of one item beside its neighbours and its popularity: 64 bytes, a line of the cache.
    public struct Attributes {
        /// What holds of an item; the catalogue's fields stay until it changes them.
        @usableFromInline
        struct Flags: OptionSet {
            @usableFromInline let rawValue: UInt8

            @usableFromInline init(rawValue: UInt8) { self.rawValue = rawValue }

            @usableFromInline static var live: Flags { Flags(rawValue: 1) }
            /// The catalogue says that it cannot be bought.
            @usableFromInline static var withdrawn: Flags { Flags(rawValue: 2) }
            static var namesCategory: Flags { Flags(rawValue: 4) }
            static var namesCategoryCode: Flags { Flags(rawValue: 8) }
            static var namesBrand: Flags { Flags(rawValue: 16) }
            static var namesPrice: Flags { Flags(rawValue: 32) }
            /// All that a stored item may have.
            static var all: Flags { Flags(rawValue: 63) }
        }

        @usableFromInline var flags = Flags()
        // Three times of 48 bits each, plus one, 0 for none: their high bits here, the low ones below.
        private var firstHigh: UInt16 = 0
        private var lastHigh: UInt16 = 0
        private var describedHigh: UInt16 = 0
        /// Category, category code, brand and title as numbers of the table's `words`; none for what is not known.
        public var category = IdentifierTable.none
        public var categoryCode = IdentifierTable.none
        public var brand = IdentifierTable.none
        public var title = IdentifierTable.none
        /// The last price seen; NaN without one.
        public var price = Double.nan
        private var firstLow: UInt32 = 0
        private var lastLow: UInt32 = 0
        private var describedLow: UInt32 = 0
        /// Where the item stands among its category's members.
        var memberPlace: UInt32 = 0
        /// Events by type: view, remove_from_cart, cart, purchase.
        public var counts = SIMD4<UInt32>(repeating: 0)

        /// Events of all types.
        var eventCount: Int { (0..<4).reduce(0) { $0 + Int(counts[$1]) } }

        /// Those of an item of which nothing is known.
        public init() {}

        /// Whether the item is known and was not evicted.
        @inlinable public var isLive: Bool { flags.contains(.live) }

        /// Whether the catalogue says that it can be bought; true without a catalogue.
        @inlinable public var isAvailable: Bool { !flags.contains(.withdrawn) }

        @inlinable var isRecommendable: Bool { flags.rawValue & 3 == 1 }

        /// The earliest and the latest event time, in ms since 1970; nil before the first event.
        public var firstSeen: Int64? {
            get { Self.time(firstHigh, firstLow) }
            set { (firstHigh, firstLow) = Self.parts(newValue) }
        }
        public var lastSeen: Int64? {
            get { Self.time(lastHigh, lastLow) }
            set { (lastHigh, lastLow) = Self.parts(newValue) }
        }

        /// The latest time of an event that said something about the item.
        public var describedAt: Int64? {
            get { Self.time(describedHigh, describedLow) }
            set { (describedHigh, describedLow) = Self.parts(newValue) }
        }

        /// Whether a row about the item reads alike; an absent price is like another.
        func says(theSameAs other: Attributes) -> Bool {
            category == other.category && categoryCode == other.categoryCode && brand == other.brand
                && title == other.title && (price == other.price || (price.isNaN && other.price.isNaN))
        }

        /// An event's time.
        mutating func see(_ time: Int64) {
            if lastSeen.map({ time > $0 }) ?? true { lastSeen = time }
            if firstSeen.map({ time < $0 }) ?? true { firstSeen = time }
        }

        mutating func set(_ flag: Flags, _ holds: Bool) {
            if holds { flags.insert(flag) } else { flags.remove(flag) }
        }

        /// Notes whether the catalogue names a field; false where it has nothing to say about it, and had nothing before.
        mutating func names(_ field: Flags, _ isNamed: Bool) -> Bool {
            defer { set(field, isNamed) }
            return isNamed || flags.contains(field)
        }

        /// Flags and fields that the catalogue named, for a snapshot and for the hash.
        public var stored: UInt8 { flags.rawValue }

        /// Takes up what `stored` was; false where no program of this version wrote that.
        public mutating func restore(_ stored: UInt8) -> Bool {
            flags = Flags(rawValue: stored)
            return flags.isSubset(of: .all) && flags.contains(.live)
        }

        private static func time(_ high: UInt16, _ low: UInt32) -> Int64? {
            let stored = Int64(high) << 32 | Int64(low)
            return stored == 0 ? nil : stored - 1
        }

        private static func parts(_ time: Int64?) -> (UInt16, UInt32) {
            guard let time else { return (0, 0) }
            let stored = UInt64(min(max(time, 0), EventTime.end)) + 1
            return (UInt16(truncatingIfNeeded: stored >> 32), UInt32(truncatingIfNeeded: stored))
        }
    }
}
