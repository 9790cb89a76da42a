internal import Events

/// An item of a user's history as it is kept, in 16 bytes: most pairs have events of one type only, whose latest time is
/// all there is to know. The others' ratings lie beside the history, in `UserState.pairs`.
struct CompactEntry {
    var item: IdentifierTable.Number
    var firstSeconds: UInt32
    /// The time of the pair's only type plus one in 48 bits, and the type above them; or, with the highest bit, where the
    /// rating lies among the pairs. 0 for a pair without events.
    private(set) var word: UInt64 = 0

    private static let inPairs: UInt64 = 1 << 63
    private static let timeBits: UInt64 = 48

    init(item: IdentifierTable.Number, firstSeconds: UInt32) {
        self.item = item
        self.firstSeconds = firstSeconds
    }

    /// Where the rating lies among the pairs, if it lies there.
    var pair: Int? { word & Self.inPairs == 0 ? nil : Int(word & ~Self.inPairs) }

    mutating func setPair(_ index: Int) { word = Self.inPairs | UInt64(index) }

    mutating func removeRating() { word = 0 }

    /// The rating of a pair that has one type at most.
    var ownRating: PairRating {
        var rating = PairRating()
        if word != 0, let type = EventType(rawValue: UInt8(truncatingIfNeeded: word >> Self.timeBits)) {
            rating.apply(type: type, time: ownTime)
        }
        return rating
    }

    /// The time of that type, in ms.
    var ownTime: Int64 { max(0, Int64(word & ((1 << Self.timeBits) - 1)) - 1) }

    /// Keeps a rating in the entry itself; false if it has several types.
    mutating func keep(_ rating: PairRating) -> Bool {
        var kept: UInt64 = 0
        for code in EventType.view.rawValue...EventType.purchase.rawValue {
            guard let type = EventType(rawValue: code), let time = rating.latest(type) else { continue }
            guard kept == 0 else { return false }
            kept = UInt64(time + 1) | UInt64(type.rawValue) << Self.timeBits
        }
        word = kept
        return true
    }
}
