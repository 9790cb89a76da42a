/// The best `capacity` of what it is offered: a bounded binary heap with the worst at its root. Equal scores are ordered
/// by rank, smaller first, then by index; the order of offers never shows. NaN is never kept.
@frozen
public struct TopN: Sendable {
    @frozen @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var score: Float
        @usableFromInline var rank: UInt32
        @usableFromInline var index: Int32

        @inlinable
        init(score: Float, rank: UInt32, index: Int32) {
            self.score = score
            self.rank = rank
            self.index = index
        }

        @inlinable
        func isBetter(than other: Entry) -> Bool {
            if score != other.score { return score > other.score }
            return rank != other.rank ? rank < other.rank : index < other.index
        }
    }

    public let capacity: Int
    @usableFromInline var heap: [Entry] = []

    @inlinable
    public init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        heap.reserveCapacity(capacity)
    }

    @inlinable
    public var count: Int { heap.count }

    /// What a score must reach to be kept: anything until the heap is full.
    @inlinable
    public var threshold: Float { heap.count < capacity ? -.infinity : heap.first?.score ?? .infinity }

    /// Forgets everything and keeps its room.
    @inlinable
    public mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

    /// Ties by index.
    @inlinable
    public mutating func offer(_ score: Float, index: Int32) {
        offer(score, index: index, rank: UInt32(bitPattern: index))
    }

    /// Ties by rank, the smaller first, then by index.
    @inlinable
    public mutating func offer(_ score: Float, index: Int32, rank: UInt32) {
        guard score >= threshold, capacity > 0 else { return }
        let entry = Entry(score: score, rank: rank, index: index)
        if heap.count < capacity {
            heap.append(entry)
            siftUp(heap.count - 1)
        } else if entry.isBetter(than: heap[0]) {
            heap[0] = entry
            siftDown(0, end: heap.count)
        }
    }

    /// Appends what it holds to `result`, best first, and empties itself.
    @inlinable
    public mutating func drain(into result: inout [Scored]) {
        var end = heap.count
        while end > 1 {
            end -= 1
            heap.swapAt(0, end)
            siftDown(0, end: end)
        }
        for entry in heap { result.append(Scored(index: entry.index, score: entry.score)) }
        removeAll()
    }

    /// Empties itself; `body` gets what it held, in no defined order.
    @inlinable
    public mutating func removeAll(_ body: (Scored) -> Void) {
        for entry in heap { body(Scored(index: entry.index, score: entry.score)) }
        removeAll()
    }

    @usableFromInline
    mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[parent].isBetter(than: heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    @usableFromInline
    mutating func siftDown(_ start: Int, end: Int) {
        var parent = start
        while true {
            var worst = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < end && heap[worst].isBetter(than: heap[child]) {
                worst = child
            }
            guard worst != parent else { return }
            heap.swapAt(parent, worst)
            parent = worst
        }
    }

    /// Whether no entry is worse than its parent, and none is NaN.
    public func _checkInvariants() -> Bool {
        heap.indices.dropFirst().allSatisfy { !heap[($0 - 1) / 2].isBetter(than: heap[$0]) }
            && heap.allSatisfy { !$0.score.isNaN } && heap.count <= capacity
    }
}
