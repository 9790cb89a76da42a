internal import Events

extension EventStream {
    /// The events of users and items with at least so many different items and users, counted among what is kept: leaving
    /// out an item may leave out a user, and so on until nothing changes (the k-core).
    public func keeping(userMinimum: Int, itemMinimum: Int) -> EventStream {
        var kept = self
        while userMinimum > 1 || itemMinimum > 1 {
            var pairs = Set<UInt64>()
            var ofUser = [Int](repeating: 0, count: users.upperBound)
            var ofItem = [Int](repeating: 0, count: items.upperBound)
            for record in kept.records where pairs.insert(record.pair).inserted {
                ofUser[Int(record.user)] += 1
                ofItem[Int(record.item)] += 1
            }
            let count = kept.count
            let records = kept.records
            kept = EventStream(kept) {
                ofUser[Int(records[$0].user)] >= userMinimum && ofItem[Int(records[$0].item)] >= itemMinimum
            }
            if kept.count == count { break }
        }
        // With tables of its own: the catalogue is what is left.
        return kept.count == count ? self : kept.compacted()
    }

    /// A copy whose tables hold only its own users and items.
    func compacted() -> EventStream {
        let copy = EventStream()
        for index in 0..<count { copy.append(event(index)) }
        return copy
    }
}
