public import Events
public import Models

extension EventStream {
    /// Each user's items as a training reads them, every pair once with its rating at the user's latest event and the time of
    /// its first one, and the stream's number of each of their users.
    /// - Parameter itemsMax: of a user; the least recently touched one makes room for the next, as in the fold of users.
    public func histories(
        scale: RatingScale = .standard, decay: Decay = Decay(halfLifeMilliseconds: 0), itemsMax: Int = .max
    ) -> (histories: TrainingHistories, users: [Int]) {
        var builder = TrainingHistories.Builder(scale: scale, decay: decay)
        var byUser = [[Int]](repeating: [], count: users.upperBound)
        let category = categories()
        var brand = [IdentifierTable.Number](repeating: IdentifierTable.none, count: items.upperBound)
        var price = [Double](repeating: .nan, count: items.upperBound)
        for (index, record) in records.enumerated() {
            byUser[Int(record.user)].append(index)
            if record.brand != IdentifierTable.none { brand[Int(record.item)] = record.brand }
            if !record.price.isNaN { price[Int(record.item)] = record.price }
        }
        var kept: [Int] = []
        var place = [Int](repeating: -1, count: items.upperBound)
        for (user, events) in byUser.enumerated() where !events.isEmpty {
            var pairs: [(item: IdentifierTable.Number, events: PairRating, time: Int64)] = []
            for index in events {
                let record = records[index]
                if place[Int(record.item)] < 0 {
                    if pairs.count >= itemsMax { Self.forgetOldest(&pairs, &place) }
                    place[Int(record.item)] = pairs.count
                    pairs.append((record.item, PairRating(), record.time))
                }
                pairs[place[Int(record.item)]].events.apply(type: record.type, time: record.time)
            }
            // Newest first, also where times are equal.
            for pair in pairs.reversed() {
                builder.append(pair.item, events: pair.events, time: pair.time)
                place[Int(pair.item)] = -1
            }
            builder.endUser()
            kept.append(user)
        }
        let histories = builder.build(
            items, category: { category[Int($0)] }, brand: { brand[Int($0)] }, price: { price[Int($0)] })
        return (histories, kept)
    }
}

extension EventStream {
    /// Takes the pair out that was touched before all others. Of two at the same time the one that came first goes.
    private static func forgetOldest(
        _ pairs: inout [(item: IdentifierTable.Number, events: PairRating, time: Int64)], _ place: inout [Int]
    ) {
        let oldest = pairs.indices.min { (pairs[$0].events.lastTouch ?? 0) < (pairs[$1].events.lastTouch ?? 0) }
        guard let oldest else { return }
        place[Int(pairs.remove(at: oldest).item)] = -1
        for later in oldest..<pairs.count { place[Int(pairs[later].item)] = later }
    }

    /// The last category of each item, by the item's number; `IdentifierTable.none` for one without.
    func categories() -> [IdentifierTable.Number] {
        var categories = [IdentifierTable.Number](repeating: IdentifierTable.none, count: items.upperBound)
        for record in records where record.category != IdentifierTable.none {
            categories[Int(record.item)] = record.category
        }
        return categories
    }
}
