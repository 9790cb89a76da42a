internal import Events
internal import Linear

extension CovisitationTable {
    /// A neighbour and its count, in fixed point; `IdentifierTable.none` where a slot is free.
    @usableFromInline struct Entry {
        @usableFromInline var item: Item
        @usableFromInline var count: UInt32

        init(item: Item, count: UInt32) {
            self.item = item
            self.count = count
        }
    }

    /// An item's neighbours: an open hash table by their numbers, never more than three quarters full.
    @usableFromInline struct Row {
        @usableFromInline var entries: UnsafeMutablePointer<Entry>?
        @usableFromInline var capacity: Int32 = 0
        @usableFromInline var count: Int32 = 0
        /// n of this item, in fixed point.
        @usableFromInline var total: UInt64 = 0
        @usableFromInline var epoch: Int64 = 0

        init() {}
    }

    /// Asks for the rows that an event's pairs will be counted in.
    @inline(__always)
    func prefetchRows(_ item: Item, _ preceding: UnsafeBufferPointer<Item>) {
        prefetchRow(item)
        for other in preceding { prefetchRow(other) }
    }

    /// Asks for the places in these rows, which have to be there: without them each place is a wait for memory.
    @inline(__always)
    public func prefetchPairs(item: Item, preceding: UnsafeBufferPointer<Item>) {
        let own = Int(item) < rowCount ? rows + Int(item) : nil
        for other in preceding.prefix(settings.window) where Int(other) < rowCount {
            let row = rows + Int(other)
            if let entries = row.pointee.entries {
                Kernels.prefetch(entries + Self.home(item, Int(row.pointee.capacity) &- 1), bytes: 1)
            }
            if let own, let entries = own.pointee.entries {
                Kernels.prefetch(entries + Self.home(other, Int(own.pointee.capacity) &- 1), bytes: 1)
            }
        }
    }

    /// Counts a pair in a row that stands at the present epoch; one that weighs nothing takes no place.
    @inline(__always)
    func add(_ weight: UInt32, to item: Item, neighbour: Item) {
        guard weight > 0 else { return }
        let row = rows + Int(item)
        while true {
            if let entries = row.pointee.entries {
                let mask = Int(row.pointee.capacity) &- 1
                var slot = Self.home(neighbour, mask)
                while entries[slot].item != IdentifierTable.none && entries[slot].item != neighbour {
                    slot = (slot &+ 1) & mask
                }
                if entries[slot].item == neighbour {
                    let (sum, overflow) = entries[slot].count.addingReportingOverflow(weight)
                    entries[slot].count = overflow ? .max : sum
                    return
                }
                if row.pointee.count &* 4 < row.pointee.capacity &* 3 {
                    entries[slot] = Entry(item: neighbour, count: weight)
                    row.pointee.count &+= 1
                    return
                }
            }
            if row.pointee.capacity < largestCapacity { grow(row) } else { prune(row) }
        }
    }

    @inline(__always)
    static func home(_ item: Item, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: (item &* 0x9E37_79B1) >> 7) & mask
    }

    func reserve(_ item: Item) {
        if Int(item) < rowCount { return }
        if Int(item) >= rowCapacity {
            let capacity = max(Int(item) + 1, rowCapacity * 2)
            let larger = UnsafeMutablePointer<Row>.allocate(capacity: capacity)
            larger.moveInitialize(from: rows, count: rowCount)
            rows.deallocate()
            rows = larger
            rowCapacity = capacity
        }
        (rows + rowCount).initialize(repeating: Row(), count: Int(item) + 1 - rowCount)
        rowCount = Int(item) + 1
    }

    @inline(__always)
    func age(_ item: Item) {
        let shift = epoch - rows[Int(item)].epoch
        if shift > 0 { age(item, by: shift) }
    }

    /// Brings a row to the present epoch, halving its counts once for each half-life that has passed.
    func age(_ item: Item, by shift: Int64) {
        rows[Int(item)].epoch = epoch
        // The norm stands on the scale of the row's epoch, so it moves with it.
        defer { refreshNorm(item) }
        guard let entries = rows[Int(item)].entries else {
            rows[Int(item)].total = shift >= 64 ? 0 : rows[Int(item)].total >> UInt64(shift)
            return
        }
        for slot in 0..<Int(rows[Int(item)].capacity) {
            entries[slot].count = shift >= 32 ? 0 : entries[slot].count >> UInt32(shift)
        }
        rows[Int(item)].total = shift >= 64 ? 0 : rows[Int(item)].total >> UInt64(shift)
    }

    /// Leaves a row as that of an item without events.
    func clear(_ row: UnsafeMutablePointer<Row>) {
        if let entries = row.pointee.entries { arena.free(entries, row.pointee.capacity) }
        row.pointee = Row()
    }

    @inline(never)
    func grow(_ row: UnsafeMutablePointer<Row>) {
        let capacity = max(4, row.pointee.capacity * 2)
        let old = row.pointee.entries
        let oldCapacity = row.pointee.capacity
        row.pointee.entries = arena.allocate(capacity)
        row.pointee.capacity = capacity
        guard let old else { return }
        for slot in 0..<Int(oldCapacity) where old[slot].item != IdentifierTable.none { Self.place(old[slot], in: row) }
        arena.free(old, oldCapacity)
    }

    /// Drops the smallest counts of a full row, so that the bound's number of neighbours is left.
    @inline(never)
    func prune(_ row: UnsafeMutablePointer<Row>) {
        let entries = row.pointee.entries.unsafelyUnwrapped
        let kept = pruning.select(
            entries, capacity: Int(row.pointee.capacity), most: settings.neighbours, identifiers: identifiers)
        entries.update(
            repeating: Entry(item: IdentifierTable.none, count: 0), count: Int(row.pointee.capacity))
        for index in 0..<kept { Self.place(pruning.entries[index], in: row) }
        row.pointee.count = Int32(kept)
    }

    /// Puts an entry into a row that has room and does not know its item.
    @inline(__always)
    static func place(_ entry: Entry, in row: UnsafeMutablePointer<Row>) {
        let entries = row.pointee.entries.unsafelyUnwrapped
        let mask = Int(row.pointee.capacity) &- 1
        var slot = home(entry.item, mask)
        while entries[slot].item != IdentifierTable.none { slot = (slot &+ 1) & mask }
        entries[slot] = entry
    }

    func live(_ row: Row) -> [Entry] {
        guard let entries = row.entries else { return [] }
        return (0..<Int(row.capacity)).compactMap {
            entries[$0].item == IdentifierTable.none ? nil : entries[$0]
        }
    }
}
