internal import Events

/// A user's history, the item touched last at the end; its entries are made as they are asked for.
public struct HistoryEntries: RandomAccessCollection {
    let entries: UnsafeBufferPointer<CompactEntry>
    let pairs: UnsafeMutablePointer<PairRating>?

    public var startIndex: Int { 0 }
    public var endIndex: Int { entries.count }

    public subscript(_ index: Int) -> HistoryEntry {
        let entry = entries[index]
        let rating = entry.pair.map { pairs.unsafelyUnwrapped[$0] } ?? entry.ownRating
        return HistoryEntry(item: entry.item, firstSeconds: entry.firstSeconds, rating: rating)
    }
}
