public import Events
internal import Models

/// The items whose published rows are out of date: changed, and last published long enough before in event time.
///
/// Behind them wait all the items that a new leader found: which of their rows its predecessor still owed is not known.
public struct ItemChanges {
    private typealias Item = IdentifierTable.Number

    /// The least event time between two rows of an item, in ms.
    public let interval: Int64
    /// The event time of each item's last published row, and of the change that is queued.
    private var publishedAt: [Int64] = []
    private var changedAt: [Int64] = []
    private var isQueued: [Bool] = []
    private var queue: [Item] = []
    private var head = 0
    private var found: [Item] = []

    public init(interval: Int64) { self.interval = interval }

    /// Items that changed and wait.
    public var count: Int { queue.count - head }

    /// - Parameter isUrgent: whether the row goes out whatever the interval.
    mutating func note(_ item: IdentifierTable.Number, time: Int64, isUrgent: Bool = false) {
        reserve(item)
        // A time before the last row's by as much is that of events that came late.
        guard !isQueued[Int(item)],
            isUrgent || publishedAt[Int(item)] == .min
                || (time - publishedAt[Int(item)]).magnitude >= interval.magnitude
        else { return }
        isQueued[Int(item)] = true
        changedAt[Int(item)] = time
        queue.append(item)
    }

    /// Puts all live items behind those that change from now on.
    mutating func noteAll(_ table: ItemTable) {
        found = (0..<IdentifierTable.Number(table.upperBound)).reversed().filter { table.attributes($0).isLive }
        if let last = found.first { reserve(last) }
    }

    /// The next item to publish, taken out.
    public mutating func take() -> IdentifierTable.Number? {
        guard head < queue.count else { return takeFound() }
        let item = queue[head]
        head += 1
        if head > 1024, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        isQueued[Int(item)] = false
        publishedAt[Int(item)] = changedAt[Int(item)]
        return item
    }

    /// An item that nobody has published since.
    private mutating func takeFound() -> IdentifierTable.Number? {
        while let item = found.popLast() {
            if publishedAt[Int(item)] == .min { return item }
        }
        return nil
    }

    private mutating func reserve(_ item: IdentifierTable.Number) {
        guard Int(item) >= isQueued.count else { return }
        let more = Int(item) + 1 - isQueued.count + 1024
        isQueued.append(contentsOf: repeatElement(false, count: more))
        publishedAt.append(contentsOf: repeatElement(.min, count: more))
        changedAt.append(contentsOf: repeatElement(0, count: more))
    }
}
