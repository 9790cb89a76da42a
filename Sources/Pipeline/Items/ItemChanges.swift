public import Events

/// The items whose published rows are out of date: changed, and last published long enough before in event time.
public struct ItemChanges {
    /// The least event time between two rows of an item, in ms.
    public let interval: Int64
    private var publishedAt: [Int64] = []
    private var isQueued: [Bool] = []
    private var queue: [IdentifierTable.Number] = []
    private var head = 0

    public init(interval: Int64) { self.interval = interval }

    public var count: Int { queue.count - head }

    mutating func note(_ item: IdentifierTable.Number, time: Int64) {
        if Int(item) >= isQueued.count {
            let more = Int(item) + 1 - isQueued.count + 1024
            isQueued.append(contentsOf: repeatElement(false, count: more))
            publishedAt.append(contentsOf: repeatElement(.min, count: more))
        }
        guard !isQueued[Int(item)], publishedAt[Int(item)] == .min || time - publishedAt[Int(item)] >= interval else {
            return
        }
        isQueued[Int(item)] = true
        queue.append(item)
    }

    /// The next item to publish, taken out; `time` is the event time that its row stands for.
    public mutating func take(time: Int64) -> IdentifierTable.Number? {
        guard head < queue.count else { return nil }
        let item = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        }
        isQueued[Int(item)] = false
        publishedAt[Int(item)] = time
        return item
    }
}
