/// Interns identifiers: byte strings to small dense numbers and back.
///
/// Open addressing with linear probing over hashes with secrets of the process: identifiers come from outside, and whoever
/// could choose colliding ones would make every look-up a walk through all of them. Up to 16 bytes lie in the entry, so that
/// a look-up finds them in one line of the processor's cache; longer ones lie one after the other in a single arena. A number
/// stays until `remove` frees it; freed numbers are given again. Numbers depend on the order of arrival, so nothing that must
/// agree between machines may depend on them: order by `precedes`, identify by the bytes.
public final class IdentifierTable {
    /// A dense number; `none` stands for "no identifier".
    public typealias Number = UInt32
    /// The number that no identifier gets.
    public static let none = Number.max

    @usableFromInline struct Entry {
        /// The bytes, if there are at most `inlineMax`; else the first word is where they begin in the arena. They stand
        /// first, so that an entry's address is theirs.
        @usableFromInline var words: (UInt64, UInt64)
        /// The same on every machine.
        @usableFromInline var hash: UInt64
        /// The lower half of the identifier's placement.
        @usableFromInline var tag: UInt32
        /// −1 where the entry is free.
        @usableFromInline var length: Int32

        @usableFromInline
        init(words: (UInt64, UInt64), hash: UInt64, tag: UInt32, length: Int32) {
            self.words = words
            self.hash = hash
            self.tag = tag
            self.length = length
        }

        /// The most bytes that an entry holds itself.
        @inlinable static var inlineMax: Int32 { 16 }

        @inlinable var liesInArena: Bool { length > Self.inlineMax }
        @inlinable var live: Bool { length >= 0 }
    }

    @usableFromInline let secrets = Hash64.Secrets.ofProcess
    // No method calls back, so the fields need no run-time checks of exclusive access.
    @exclusivity(unchecked) @usableFromInline var slots: UnsafeMutablePointer<UInt32>
    @exclusivity(unchecked) @usableFromInline var mask: Int
    @exclusivity(unchecked) @usableFromInline var entries: UnsafeMutablePointer<Entry>
    @exclusivity(unchecked) @usableFromInline var entryCapacity: Int
    @exclusivity(unchecked) @usableFromInline var arena: UnsafeMutablePointer<UInt8>
    @exclusivity(unchecked) private var arenaCapacity: Int
    @exclusivity(unchecked) private var arenaUsed = 0
    @exclusivity(unchecked) private var arenaDead = 0
    @exclusivity(unchecked) private var freed: [Number] = []

    /// One more than the largest number ever given: the length that arrays indexed by number need.
    @exclusivity(unchecked) public private(set) var upperBound = 0
    /// How many identifiers the table holds.
    public var count: Int { upperBound - freed.count }
    /// The memory that the table holds, in bytes.
    public var byteCount: Int {
        (mask + 1) * MemoryLayout<UInt32>.stride + entryCapacity * MemoryLayout<Entry>.stride + arenaCapacity
    }

    /// - Parameter capacity: about how many identifiers find room before the table grows.
    public init(capacity: Int = 64) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Self.none, count: size)
        mask = size - 1
        entryCapacity = size / 2
        entries = Self.allocateEntries(entryCapacity)
        arenaCapacity = 1024
        arena = .allocate(capacity: arenaCapacity)
    }

    deinit {
        slots.deallocate()
        UnsafeMutableRawPointer(entries).deallocate()
        arena.deallocate()
    }

    /// Where identifiers with these bytes are looked for, in every table of this process.
    @inlinable
    public func placement(_ bytes: UnsafeRawBufferPointer) -> UInt64 { Hash64.hash(bytes, secrets) }

    @inlinable
    func home(_ tag: UInt32) -> Int { Int(tag) & mask }

    /// The number of an identifier, if the table holds it.
    @inlinable
    public func find(_ bytes: UnsafeRawBufferPointer) -> Number? {
        let tag = UInt32(truncatingIfNeeded: placement(bytes))
        var slot = home(tag)
        while true {
            let number = slots[slot]
            if number == Self.none { return nil }
            if matches(number, tag, bytes) { return number }
            slot = (slot + 1) & mask
        }
    }

    /// The number of an identifier, given now if it is new.
    @inlinable
    public func intern(_ bytes: UnsafeRawBufferPointer) -> Number { intern(bytes, placement: placement(bytes)) }

    /// The same where the placement is known.
    @inlinable
    public func intern(_ bytes: UnsafeRawBufferPointer, placement: UInt64) -> Number {
        let tag = UInt32(truncatingIfNeeded: placement)
        var slot = home(tag)
        while true {
            let number = slots[slot]
            if number == Self.none { return insert(bytes, tag: tag) }
            if matches(number, tag, bytes) { return number }
            slot = (slot + 1) & mask
        }
    }

    /// The bytes of an identifier; valid until the next `intern` or `remove`.
    @inlinable
    public func bytes(_ number: Number) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start(entries + Int(number)), count: max(0, Int(entries[Int(number)].length)))
    }

    @inlinable
    func start(_ entry: UnsafeMutablePointer<Entry>) -> UnsafeRawPointer {
        entry.pointee.liesInArena
            ? UnsafeRawPointer(arena + Int(entry.pointee.words.0)) : UnsafeRawPointer(entry)
    }

    /// The hash of an identifier's bytes, the same on every machine.
    @inlinable
    public func hash(_ number: Number) -> UInt64 { entries[Int(number)].hash }

    /// Whether a number below `upperBound` stands for an identifier now, rather than for one that was removed.
    @inlinable
    public func isLive(_ number: Number) -> Bool { entries[Int(number)].live }

    /// Whether one identifier comes before another in byte order, which does not depend on the order of arrival.
    public func precedes(_ left: Number, _ right: Number) -> Bool {
        let a = bytes(left)
        let b = bytes(right)
        let common = min(a.count, b.count)
        for index in 0..<common where a[index] != b[index] { return a[index] < b[index] }
        return a.count < b.count
    }

    /// Frees a number and wipes its bytes.
    public func remove(_ number: Number) {
        precondition(entries[Int(number)].live, "identifier \(number) removed twice")
        var slot = home(entries[Int(number)].tag)
        while slots[slot] != number { slot = (slot + 1) & mask }
        closeGap(at: slot)
        let entry = entries[Int(number)]
        if entry.liesInArena {
            (arena + Int(entry.words.0)).update(repeating: 0, count: Int(entry.length))
            arenaDead += Int(entry.length)
        }
        entries[Int(number)].words = (0, 0)
        entries[Int(number)].length = -1
        freed.append(number)
    }

    @inlinable
    func matches(_ number: Number, _ tag: UInt32, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let entry = entries + Int(number)
        let count = bytes.count
        guard entry.pointee.tag == tag, Int(entry.pointee.length) == count else { return false }
        guard let a = bytes.baseAddress else { return true }
        let b = start(entry)
        if count >= 8 {
            var offset = 0
            while count - offset > 8 {
                if !Self.areEqual(a + offset, b + offset, as: UInt64.self) { return false }
                offset += 8
            }
            // The last eight, whether or not some of them were compared already.
            return Self.areEqual(a + count - 8, b + count - 8, as: UInt64.self)
        }
        if count >= 4 {
            return Self.areEqual(a, b, as: UInt32.self) && Self.areEqual(a + count - 4, b + count - 4, as: UInt32.self)
        }
        for offset in 0..<count where !Self.areEqual(a + offset, b + offset, as: UInt8.self) { return false }
        return true
    }

    @inlinable @inline(__always)
    static func areEqual<T: FixedWidthInteger & BitwiseCopyable>(
        _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, as type: T.Type
    ) -> Bool { a.loadUnaligned(as: type) == b.loadUnaligned(as: type) }

    @usableFromInline
    func insert(_ bytes: UnsafeRawBufferPointer, tag: UInt32) -> Number {
        if (count + 1) * 2 > mask { grow() }
        if bytes.count > Int(Entry.inlineMax) { reserveArena(bytes.count) }
        let number: Number
        if let reused = freed.popLast() {
            number = reused
        } else {
            if upperBound == entryCapacity { growEntries() }
            number = Number(upperBound)
            upperBound += 1
        }
        let entry = entries + Int(number)
        entry.initialize(
            to: Entry(words: (0, 0), hash: Hash64.hash(bytes), tag: tag, length: Int32(bytes.count)))
        if let source = bytes.baseAddress {
            var target = UnsafeMutableRawPointer(entry)
            if entry.pointee.liesInArena {
                entry.pointee.words.0 = UInt64(arenaUsed)
                target = UnsafeMutableRawPointer(arena + arenaUsed)
                arenaUsed += bytes.count
            }
            target.copyMemory(from: source, byteCount: bytes.count)
        }
        place(number, tag)
        return number
    }

    private func place(_ number: Number, _ tag: UInt32) {
        var slot = home(tag)
        while slots[slot] != Self.none { slot = (slot + 1) & mask }
        slots[slot] = number
    }

    /// Moves later members of a probe sequence back over a removed one (Knuth, vol. 3, 6.4, algorithm R).
    private func closeGap(at removed: Int) {
        var gap = removed
        var slot = (gap + 1) & mask
        while slots[slot] != Self.none {
            let home = home(entries[Int(slots[slot])].tag)
            if ((slot - home) & mask) >= ((slot - gap) & mask) {
                slots[gap] = slots[slot]
                gap = slot
            }
            slot = (slot + 1) & mask
        }
        slots[gap] = Self.none
    }

    private func grow() {
        slots.deallocate()
        let size = (mask + 1) * 2
        mask = size - 1
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Self.none, count: size)
        for number in 0..<upperBound where entries[number].live { place(Number(number), entries[number].tag) }
    }

    private func growEntries() {
        let capacity = entryCapacity + entryCapacity / 2
        let larger = Self.allocateEntries(capacity)
        larger.moveInitialize(from: entries, count: upperBound)
        UnsafeMutableRawPointer(entries).deallocate()
        entries = larger
        entryCapacity = capacity
    }

    /// Two entries fill a line of the cache, and none lies in two.
    private static func allocateEntries(_ count: Int) -> UnsafeMutablePointer<Entry> {
        precondition(MemoryLayout<Entry>.stride == 32 && MemoryLayout<Entry>.offset(of: \.words) == 0)
        return UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Entry>.stride, alignment: 64)
            .bindMemory(to: Entry.self, capacity: count)
    }

    /// Makes room for some bytes; what removed identifiers left behind is squeezed out when the arena has to move anyway.
    private func reserveArena(_ count: Int) {
        guard arenaUsed + count > arenaCapacity else { return }
        arenaCapacity = max((arenaUsed - arenaDead) * 3 / 2 + count, 1024)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: arenaCapacity)
        var used = 0
        for number in 0..<upperBound where entries[number].live && entries[number].liesInArena {
            let entry = entries[number]
            (larger + used).initialize(from: arena + Int(entry.words.0), count: Int(entry.length))
            entries[number].words.0 = UInt64(used)
            used += Int(entry.length)
        }
        arena.deallocate()
        arena = larger
        arenaUsed = used
        arenaDead = 0
    }
}
