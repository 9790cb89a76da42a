public import Events

/// Which items changed, in order, as far back as a bound: what is derived from an item table follows it step by step, and
/// is made anew only where it has fallen too far behind.
public struct ItemJournal {
    /// An item that changed, and a category that it is in or has just left.
    public struct Entry: Equatable {
        public var item: IdentifierTable.Number
        public var category: IdentifierTable.Number
    }

    /// Past this many entries a new list costs no more than to follow.
    private static let entriesMax = 16_384

    private var entries: [Entry] = []
    /// The place of the first entry that is kept.
    private var start = 0

    /// The place of the next entry.
    public var end: Int { start + entries.count }

    mutating func note(_ item: IdentifierTable.Number, _ category: IdentifierTable.Number) {
        if entries.count == Self.entriesMax {
            entries.removeFirst(Self.entriesMax / 2)
            start += Self.entriesMax / 2
        }
        entries.append(Entry(item: item, category: category))
    }

    /// Something changed that does not go by items: whoever follows has to begin anew.
    mutating func breakOff() {
        start = end + 1
        entries.removeAll(keepingCapacity: true)
    }

    /// What changed since a place; nil where that is no longer known.
    public func entries(since place: Int) -> ArraySlice<Entry>? {
        place < start || place > end ? nil : entries[(place - start)...]
    }
}
