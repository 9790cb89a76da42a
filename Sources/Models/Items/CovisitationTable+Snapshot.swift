internal import Events

extension CovisitationTable {
    /// A row as it is: its total, its epoch and its neighbours with their counts, in fixed point and in no defined order.
    public struct Snapshot {
        /// n, 2¹² being one event on the scale of `epoch`.
        public var total: UInt64
        /// How many half-lives after 1970 the counts' landmark lies; 0 where nothing decays, or nothing is counted.
        public var epoch: Int64
        /// C of each neighbour, on the same scale.
        public var neighbours: [(item: Item, count: UInt32)]

        public init(total: UInt64, epoch: Int64, neighbours: [(item: Item, count: UInt32)]) {
            self.total = total
            self.epoch = epoch
            self.neighbours = neighbours
        }
    }

    /// The most neighbours that a row ever has: a full row is pruned before it takes another.
    public var neighboursMax: Int { Int(largestCapacity) * 3 / 4 }

    /// An item's row; an empty one for an item without events.
    public func snapshot(_ item: Item) -> Snapshot {
        guard Int(item) < rowCount else { return Snapshot(total: 0, epoch: 0, neighbours: []) }
        let row = rows[Int(item)]
        let neighbours = live(row).map { (item: $0.item, count: $0.count) }
        // Where nothing is counted, the scale of the counts means nothing: a row that was only looked at is an empty one.
        let isEmpty = row.total == 0 && neighbours.isEmpty
        return Snapshot(total: row.total, epoch: isEmpty ? 0 : row.epoch, neighbours: neighbours)
    }

    /// Puts a row in the place of what the item had; no more than `neighboursMax` neighbours, each of them once.
    public func restore(_ item: Item, _ snapshot: Snapshot) {
        precondition(snapshot.neighbours.count <= neighboursMax, "a row has no more neighbours than its bound")
        reserve(item)
        let row = rows + Int(item)
        clear(row)
        if !snapshot.neighbours.isEmpty {
            var capacity: Int32 = 4
            while snapshot.neighbours.count * 4 > Int(capacity) * 3 { capacity *= 2 }
            row.pointee.entries = arena.allocate(capacity)
            row.pointee.capacity = capacity
            row.pointee.count = Int32(snapshot.neighbours.count)
            for (neighbour, count) in snapshot.neighbours {
                Self.place(Entry(item: neighbour, count: count), in: row)
            }
        }
        row.pointee.total = snapshot.total
        row.pointee.epoch = snapshot.epoch
        refreshNorm(item)
    }

    /// Moves the landmark to where it stood when the rows were taken, before or after they are restored.
    public func restore(epoch: Int64) { self.epoch = epoch }
}
