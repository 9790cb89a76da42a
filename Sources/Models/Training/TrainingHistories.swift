public import Events

/// What a generation is trained on: the histories of users, as rows of items. Values only, so that it can be handed to a
/// trainer's thread.
///
/// Rows are numbered in the byte order of the items' identifiers, which does not depend on the order of their arrival.
public struct TrainingHistories: Sendable {
    /// The identifier of each row.
    public let items: [String]
    /// Where each user's interactions begin, and the end of the last one: users + 1.
    public let starts: [Int]
    /// The row of each interaction, a user's newest first by their first events, each item once a user.
    public let rows: [Int32]
    /// The rating of each interaction, at the time of the user's latest event.
    public let ratings: [Float]
    /// What ratings were made from, so that they can be made as of an earlier time; nil where they were given.
    let source: Source?
    /// The time of each interaction's first event in ms.
    public let times: [Int64]
    /// The category of each row, −1 for none.
    public let categories: [Int32]
    /// The brand of each row, −1 for none.
    public let brands: [Int32]
    /// The price of each row, NaN for none.
    public let prices: [Double]
    /// Where the price of each row stands among all of them: 0 for the cheapest tenth to 9, −1 for no price.
    public let priceBands: [Int32]
    /// The largest time of a first event that they include, in ms.
    public let latestTime: Int64

    struct Source: Sendable {
        /// Of each interaction.
        var pairs: [PairRating]
        let scale: RatingScale
        let decay: Decay

        /// The ratings of one user's interactions, at the time of the latest event among them.
        func ratings(of places: Range<Int>) -> [Float] {
            let latest = pairs[places].lazy.compactMap(\.lastTouch).max() ?? 0
            return pairs[places].map { Float($0.rating(at: latest, scale: scale, decay: decay)) }
        }
    }

    public var userCount: Int { starts.count - 1 }
    /// Interactions of all users.
    public var count: Int { rows.count }

    /// Collects histories whose items have the numbers of an identifier table.
    public struct Builder {
        private var starts = [0]
        private var numbers: [IdentifierTable.Number] = []
        private var ratings: [Float] = []
        private var times: [Int64] = []
        /// Those of all interactions, or none where ratings are given.
        private var source: Source

        /// - Parameters:
        ///   - scale: what events are worth.
        ///   - decay: how they fade until the user's latest one.
        public init(scale: RatingScale = .standard, decay: Decay = Decay(halfLifeMilliseconds: 0)) {
            source = Source(pairs: [], scale: scale, decay: decay)
        }

        /// Adds an interaction of the present user, each item once; where times are equal, the newest first.
        /// - Parameters:
        ///   - events: what is known of them.
        ///   - time: of the first one, in ms; the second is enough.
        public mutating func append(_ item: IdentifierTable.Number, events: PairRating, time: Int64) {
            source.pairs.append(events)
            append(item, rating: 0, time: time)
        }

        /// The same with a rating that does not come of events: it is what it is at any time.
        public mutating func append(_ item: IdentifierTable.Number, rating: Float, time: Int64) {
            numbers.append(item)
            ratings.append(rating)
            times.append(time)
        }

        /// Users so far, and their interactions.
        public var userCount: Int { starts.count - 1 }
        public var count: Int { starts[userCount] }

        /// Takes users out again, by their number in the order in which they came.
        public mutating func removeUsers(where isRemoved: (Int) -> Bool) {
            var kept = [0]
            var end = 0
            func move<Element>(_ values: inout [Element], _ range: Range<Int>) {
                for (place, index) in range.enumerated() { values[end + place] = values[index] }
            }
            for user in 0..<userCount where !isRemoved(user) {
                let range = starts[user]..<starts[user + 1]
                move(&numbers, range)
                move(&ratings, range)
                move(&times, range)
                if !source.pairs.isEmpty { move(&source.pairs, range) }
                end += range.count
                kept.append(end)
            }
            starts = kept
            numbers.removeSubrange(end...)
            ratings.removeSubrange(end...)
            times.removeSubrange(end...)
            if !source.pairs.isEmpty { source.pairs.removeSubrange(end...) }
        }

        /// Ends the present user; one without interactions is left out.
        public mutating func endUser() {
            let start = starts[starts.count - 1]
            guard numbers.count > start else { return }
            precondition(source.pairs.isEmpty || source.pairs.count == numbers.count, "ratings are given, or none is")
            let order = (start..<numbers.count).sorted { times[$0] != times[$1] ? times[$0] > times[$1] : $0 < $1 }
            func sort<Element>(_ values: inout [Element]) {
                values.replaceSubrange(start..., with: order.map { values[$0] })
            }
            sort(&numbers)
            sort(&ratings)
            sort(&times)
            if !source.pairs.isEmpty {
                sort(&source.pairs)
                ratings.replaceSubrange(start..., with: source.ratings(of: start..<numbers.count))
            }
            starts.append(numbers.count)
        }

        /// - Parameters:
        ///   - category: the category of an item, `IdentifierTable.none` for none.
        ///   - brand: the brand of an item, `IdentifierTable.none` for none.
        ///   - price: the price of an item, NaN for none.
        public func build(
            _ identifiers: IdentifierTable,
            category: (IdentifierTable.Number) -> IdentifierTable.Number = { _ in IdentifierTable.none },
            brand: (IdentifierTable.Number) -> IdentifierTable.Number = { _ in IdentifierTable.none },
            price: (IdentifierTable.Number) -> Double = { _ in .nan }
        ) -> TrainingHistories {
            var isUsed = Array(repeating: false, count: identifiers.upperBound)
            for number in numbers { isUsed[Int(number)] = true }
            var used = isUsed.indices.filter { isUsed[$0] }.map(IdentifierTable.Number.init)
            used.sort { identifiers.precedes($0, $1) }
            var rowOf = Array(repeating: Int32(-1), count: identifiers.upperBound)
            for (row, number) in used.enumerated() { rowOf[Int(number)] = Int32(row) }
            return TrainingHistories(
                items: used.map { identifiers.text($0) }, starts: starts, rows: numbers.map { rowOf[Int($0)] },
                ratings: ratings, source: source.pairs.isEmpty ? nil : source, times: times,
                categories: Self.renumbered(used.map(category)), brands: Self.renumbered(used.map(brand)),
                prices: used.map(price), priceBands: Self.bands(used.map(price)), latestTime: times.max() ?? 0)
        }

        /// Numbers in the order in which rows name them: what they were before says something of this process only.
        private static func renumbered(_ numbers: [IdentifierTable.Number]) -> [Int32] {
            var known: [IdentifierTable.Number: Int32] = [:]
            return numbers.map { number in
                guard number != IdentifierTable.none else { return -1 }
                if let place = known[number] { return place }
                known[number] = Int32(known.count)
                return Int32(known.count - 1)
            }
        }

        /// The tenth of all prices that each one stands in; equal prices stand in one.
        private static func bands(_ prices: [Double]) -> [Int32] {
            let sorted = prices.filter { !$0.isNaN }.sorted()
            return prices.map { price in
                guard !price.isNaN else { return -1 }
                var (low, high) = (0, sorted.count)
                while low < high {
                    let middle = (low + high) / 2
                    if sorted[middle] < price { low = middle + 1 } else { high = middle }
                }
                return Int32(low * 10 / sorted.count)
            }
        }
    }

    /// The interactions until a time, inclusive, with the same rows, and rated by what was known then.
    func until(_ time: Int64) -> TrainingHistories {
        var starts = [0]
        let kept = rows.indices.filter { times[$0] <= time }
        var next = 0
        for user in 0..<userCount {
            let before = next
            while next < kept.count, kept[next] < self.starts[user + 1] { next += 1 }
            if next > before { starts.append(next) }
        }
        var source = source
        if let whole = self.source { source?.pairs = kept.map { whole.pairs[$0].until(time, first: times[$0]) } }
        let ratings = source.map { source in zip(starts, starts.dropFirst()).flatMap { source.ratings(of: $0..<$1) } }
        return TrainingHistories(
            items: items, starts: starts, rows: kept.map { rows[$0] },
            ratings: ratings ?? kept.map { self.ratings[$0] }, source: source, times: kept.map { times[$0] },
            categories: categories, brands: brands, prices: prices,
            priceBands: priceBands, latestTime: kept.map { times[$0] }.max() ?? 0)
    }

    /// The time until which a share of the interactions lies, in ms.
    public func time(ofShare share: Double) -> Int64 {
        guard !times.isEmpty else { return 0 }
        return times.sorted()[min(times.count - 1, Int(Double(times.count) * share))]
    }
}

extension TrainingHistories {
    /// What a model is told about one of the users when it makes a list.
    public func history(of user: Int) -> UserHistory {
        let range = starts[user]..<starts[user + 1]
        return UserHistory(user: user, items: Array(rows[range]), ratings: Array(ratings[range]))
    }
}

extension PairRating {
    /// The types whose latest times a rating remembers, in the order in which shoppers come to them.
    private static let types: [EventType] = [.view, .cart, .purchase, .removeFromCart]

    /// The type of the pair's first event, whose second is known: that of a latest event in this second. Where the first
    /// one's type came again, and so is forgotten, it is taken to be the type that shoppers come to first.
    func firstType(at first: Int64) -> EventType {
        Self.types.first { latest($0).map { $0 / 1000 == first / 1000 } ?? false }
            ?? Self.types.first { latest($0) != nil } ?? .view
    }

    /// The events after the first one that are remembered.
    func later(than first: Int64) -> [(type: EventType, time: Int64)] {
        Self.types.compactMap { type in latest(type).map { (type, $0) } }.filter { $0.1 / 1000 > first / 1000 }
    }

    /// What is known of the events until a time that is not before the first one's.
    func until(_ time: Int64, first: Int64) -> PairRating {
        var earlier = PairRating()
        earlier.apply(type: firstType(at: first), time: first)
        for type in Self.types {
            if let latest = latest(type), latest <= time { earlier.apply(type: type, time: latest) }
        }
        return earlier
    }
}
