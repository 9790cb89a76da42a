internal import Events

/// Which numbers a block has named, and as the how-manieth; a new block forgets them all at once.
final class ReferenceTable {
    /// The block's stamp in the high half, the reference in the low one.
    private var places: UnsafeMutablePointer<UInt64>
    private var capacity = 1024
    private var stamp: UInt64 = 1
    /// How many numbers this block has named.
    private(set) var named: UInt32 = 0

    init() {
        places = .allocate(capacity: capacity)
        places.initialize(repeating: 0, count: capacity)
    }

    deinit { places.deallocate() }

    func beginBlock() {
        named = 0
        stamp += 1
        guard stamp > UInt64(UInt32.max) else { return }
        stamp = 1
        places.update(repeating: 0, count: capacity)
    }

    /// The reference of a number, or nil when the block has not named it.
    @inline(__always)
    func find(_ number: IdentifierTable.Number) -> UInt32? {
        guard Int(number) < capacity else { return nil }
        let place = places[Int(number)]
        return place >> 32 == stamp ? UInt32(truncatingIfNeeded: place) : nil
    }

    /// Names a number that the block has not named before.
    @inline(__always)
    func name(_ number: IdentifierTable.Number) {
        if Int(number) >= capacity { grow(to: Int(number) + 1) }
        places[Int(number)] = stamp << 32 | UInt64(named)
        named &+= 1
    }

    @inline(never)
    private func grow(to least: Int) {
        let more = max(least, capacity * 2)
        let larger = UnsafeMutablePointer<UInt64>.allocate(capacity: more)
        larger.update(from: places, count: capacity)
        (larger + capacity).initialize(repeating: 0, count: more - capacity)
        places.deallocate()
        places = larger
        capacity = more
    }
}
