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
    /// The rating of each interaction.
    public let ratings: [Float]
    /// The time of each interaction's first event in ms.
    public let times: [Int64]
    /// The category of each row, −1 for none.
    public let categories: [Int32]
    /// The brand of each row, −1 for none.
    public let brands: [Int32]
    /// Where the price of each row stands among all of them: 0 for the cheapest tenth to 9, −1 for no price.
    public let priceBands: [Int32]
    /// The largest time of a first event that they include, in ms.
    public let latestTime: Int64
    /// Later events of the interactions, as far as ratings remember them, in no order.
    public let laterTouches: [LaterTouch]

    /// An event of an interaction after its first one.
    public struct LaterTouch: Sendable {
        /// In ms.
        public var time: Int64
        /// The place of the interaction.
        public var place: Int
    }

    public var userCount: Int { starts.count - 1 }
    public var count: Int { rows.count }

    /// Collects histories whose items have the numbers of an identifier table.
    public struct Builder {
        private var starts = [0]
        private var numbers: [IdentifierTable.Number] = []
        private var ratings: [Float] = []
        private var times: [Int64] = []
        private var laterTouches: [LaterTouch] = []
        /// How many of these are of earlier users.
        private var touchesOfOthers = 0

        public init() {}

        /// Adds an interaction of the present user, each item once; where times are equal, the newest first.
        /// - Parameters:
        ///   - time: of the first event of the pair, in ms.
        ///   - laterTouches: times of later events, in ms.
        public mutating func append(
            _ item: IdentifierTable.Number, rating: Float, time: Int64, laterTouches: [Int64] = []
        ) {
            for time in laterTouches { self.laterTouches.append(LaterTouch(time: time, place: numbers.count)) }
            numbers.append(item)
            ratings.append(rating)
            times.append(time)
        }

        /// Ends the present user; one without interactions is left out.
        public mutating func endUser() {
            let start = starts[starts.count - 1]
            guard numbers.count > start else { return }
            let order = (start..<numbers.count).sorted { times[$0] != times[$1] ? times[$0] > times[$1] : $0 < $1 }
            let sorted = order.map { (numbers[$0], ratings[$0], times[$0]) }
            for (index, entry) in sorted.enumerated() {
                (numbers[start + index], ratings[start + index], times[start + index]) = entry
            }
            if touchesOfOthers < laterTouches.count {
                var places = order
                for (index, place) in order.enumerated() { places[place - start] = start + index }
                for index in touchesOfOthers..<laterTouches.count {
                    laterTouches[index].place = places[laterTouches[index].place - start]
                }
                touchesOfOthers = laterTouches.count
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
                ratings: ratings, times: times, categories: Self.renumbered(used.map(category)),
                brands: Self.renumbered(used.map(brand)), priceBands: Self.bands(used.map(price)),
                latestTime: times.max() ?? 0, laterTouches: laterTouches)
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

    /// The interactions until a time, inclusive, with the same rows.
    func until(_ time: Int64) -> TrainingHistories {
        var starts = [0]
        let kept = rows.indices.filter { times[$0] <= time }
        var next = 0
        for user in 0..<userCount {
            let before = next
            while next < kept.count, kept[next] < self.starts[user + 1] { next += 1 }
            if next > before { starts.append(next) }
        }
        var places = [Int](repeating: -1, count: count)
        for (index, place) in kept.enumerated() { places[place] = index }
        return TrainingHistories(
            items: items, starts: starts, rows: kept.map { rows[$0] }, ratings: kept.map { ratings[$0] },
            times: kept.map { times[$0] }, categories: categories, brands: brands, priceBands: priceBands,
            latestTime: kept.map { times[$0] }.max() ?? 0,
            laterTouches: laterTouches.lazy.filter { $0.time <= time }
                .map { LaterTouch(time: $0.time, place: places[$0.place]) })
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
