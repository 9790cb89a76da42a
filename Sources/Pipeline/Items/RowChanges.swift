internal import Events
internal import Models

/// The rows that a leader owes: of related items and of item features, each kind after its own interval of event time.
///
/// What the catalogue changes does not wait for an interval. Where it withdraws an item, or brings it back, the rows of
/// related items that may name it are out of date too; they are looked for some at a time, since they can be anywhere.
public struct RowChanges {
    typealias Item = IdentifierTable.Number

    /// Items whose row of related items waits, and those whose feature row does.
    public internal(set) var related: ItemChanges
    public internal(set) var features: ItemChanges

    /// Items that were withdrawn or came back, since the search under way began.
    private var waiting: Set<Item> = []
    /// Those that rows are searched for, by their numbers; the first row that has not been looked at, and the time.
    private var searched: [Bool] = []
    private var cursor = 0
    private var time: Int64 = 0

    /// Both intervals in ms of event time.
    public init(relatedInterval: Int64, featuresInterval: Int64) {
        related = ItemChanges(interval: relatedInterval)
        features = ItemChanges(interval: featuresInterval)
    }

    /// Rows that wait, or whose search is under way.
    public var count: Int { related.count + features.count + waiting.count + (searched.isEmpty ? 0 : 1) }

    mutating func note(_ item: IdentifierTable.Number, time: Int64) {
        related.note(item, time: time)
        features.note(item, time: time)
    }

    /// Takes note of an entry of the catalogue; of one that says what is known nobody need hear.
    mutating func noteCatalogue(_ item: IdentifierTable.Number, time: Int64, _ effect: ItemTable.CatalogueEffect) {
        guard effect != .nothing else { return }
        related.note(item, time: time, isUrgent: true)
        features.note(item, time: time, isUrgent: true)
        guard effect == .availability else { return }
        self.time = time
        waiting.insert(item)
    }

    mutating func noteAll(_ table: ItemTable) {
        related.noteAll(table)
        features.noteAll(table)
    }

    /// Looks at up to `most` items for rows that name one whose availability has changed.
    mutating func searchRows(_ table: ItemTable, most: Int) {
        if searched.isEmpty {
            guard !waiting.isEmpty else { return }
            searched = Array(repeating: false, count: table.upperBound)
            for item in waiting { searched[Int(item)] = true }
            waiting.removeAll()
            cursor = 0
        }
        let end = min(cursor + most, table.upperBound)
        for row in cursor..<end {
            var names = false
            table.covisitation.forEachNeighbour(of: Item(row)) { other, _ in
                // Items that are newer than the search have been asked for by a later one.
                if Int(other) < searched.count, searched[Int(other)] { names = true }
            }
            if names, table.attributes(Item(row)).isLive { related.note(Item(row), time: time, isUrgent: true) }
        }
        cursor = end
        if cursor == table.upperBound { searched = [] }
    }
}
