internal import Events

/// Which numbers a block has named, and as the how-manieth; a new block forgets them all at once.
///
/// An open hash table as large as blocks need it: an array over all numbers would take eight bytes for each item of the shop
/// in each partition.
final class ReferenceTable {
    /// The number in the low half; above it the block's stamp, and the reference at the top.
    private var slots: UnsafeMutablePointer<UInt64>
    private var mask = 1023
    private var stamp: UInt64 = 1
    /// How many numbers this block has named.
    private(set) var named: UInt32 = 0

    private static let stampBits: UInt64 = 8
    private static let stampMax: UInt64 = (1 << stampBits) - 1
    private static let referenceShift = 32 + stampBits
    /// Number and stamp.
    private static let keyMask: UInt64 = (1 << referenceShift) - 1

    init() {
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: 0, count: mask + 1)
    }

    deinit { slots.deallocate() }

    func beginBlock() {
        named = 0
        stamp += 1
        guard stamp > Self.stampMax else { return }
        stamp = 1
        slots.update(repeating: 0, count: mask + 1)
    }

    /// The reference of a number, or nil when the block has not named it.
    @inline(__always)
    func find(_ number: IdentifierTable.Number) -> UInt32? {
        let key = stamp << 32 | UInt64(number)
        var place = home(number)
        while true {
            let slot = slots[place]
            if slot & Self.keyMask == key { return UInt32(truncatingIfNeeded: slot >> Self.referenceShift) }
            if slot >> 32 & Self.stampMax != stamp { return nil }
            place = (place &+ 1) & mask
        }
    }

    /// Names a number that the block has not named before.
    @inline(__always)
    func name(_ number: IdentifierTable.Number) {
        if Int(named) &* 2 > mask { grow() }
        put(UInt64(named) << Self.referenceShift | stamp << 32 | UInt64(number))
        named &+= 1
    }

    @inline(__always)
    private func home(_ number: IdentifierTable.Number) -> Int {
        Int(truncatingIfNeeded: (UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    }

    @inline(__always)
    private func put(_ slot: UInt64) {
        var place = home(IdentifierTable.Number(truncatingIfNeeded: slot))
        while slots[place] >> 32 & Self.stampMax == stamp { place = (place &+ 1) & mask }
        slots[place] = slot
    }

    @inline(never)
    private func grow() {
        let (old, oldMask) = (slots, mask)
        precondition(named < 1 << 23, "a block names fewer numbers than references have room for")
        mask = mask * 2 + 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: 0, count: mask + 1)
        for place in 0...oldMask where old[place] >> 32 & Self.stampMax == stamp { put(old[place]) }
        old.deallocate()
    }
}
