internal import Events

/// The best items of a set by their values, best first; ties by the bytes of the identifier.
///
/// Follows the set as its values grow and as members join, at the cost of a look at the last value for most of them. A
/// member that leaves, or whose value falls, makes another list necessary, since who comes next was not kept.
struct TopItems {
    typealias Item = IdentifierTable.Number

    private let capacity: Int
    private(set) var items: [Item] = []
    private(set) var values: [Double] = []

    /// The best of a scan.
    init(capacity: Int, _ scan: (_ offer: (Item, Double) -> Void) -> Void, _ identifiers: IdentifierTable) {
        self.capacity = capacity
        var list = TopList(capacity: capacity)
        scan { list.offer($0, $1, identifiers) }
        for (item, value) in list.finish(identifiers) {
            items.append(item)
            values.append(value)
        }
    }

    func contains(_ item: Item) -> Bool { items.contains(item) }

    /// Takes note of a member's value, which is no less than it was.
    ///
    /// - Returns: whether the list is another one now.
    mutating func raise(_ item: Item, to value: Double, _ identifiers: IdentifierTable) -> Bool {
        let isFull = items.count == capacity
        if isFull, let last = values.last, value < last { return false }
        var position: Int
        if let known = items.firstIndex(of: item) {
            guard values[known] != value else { return false }
            position = known
        } else {
            if isFull, values[capacity - 1] == value, !identifiers.precedes(item, items[capacity - 1]) { return false }
            if isFull {
                items.removeLast()
                values.removeLast()
            }
            position = items.count
            items.append(item)
            values.append(value)
        }
        while position > 0,
            values[position - 1] < value
                || (values[position - 1] == value && identifiers.precedes(item, items[position - 1]))
        {
            items[position] = items[position - 1]
            values[position] = values[position - 1]
            position -= 1
        }
        items[position] = item
        values[position] = value
        return true
    }
}
