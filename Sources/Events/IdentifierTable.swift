/// Interns identifiers: byte strings to small dense numbers and back.
///
/// Open addressing with linear probing over 64-bit hashes; the bytes lie one after the other in a single arena. A number
/// stays valid until `remove` frees it; freed numbers are given again. Numbers depend on the order of arrival, so nothing
/// that must agree between machines may depend on them: order by `precedes`, identify by the bytes.
public final class IdentifierTable {
    /// A dense number; `none` stands for "no identifier".
    public typealias Number = UInt32
    public static let none = Number.max

    @usableFromInline struct Entry {
        @usableFromInline var start: UInt64
        @usableFromInline var hash: UInt64
        @usableFromInline var length: UInt32
        @usableFromInline var live: Bool
    }

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

    public init(capacity: Int = 64) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Self.none, count: size)
        mask = size - 1
        entryCapacity = size / 2
        entries = .allocate(capacity: entryCapacity)
        arenaCapacity = max(1024, capacity * 12)
        arena = .allocate(capacity: arenaCapacity)
    }

    deinit {
        slots.deallocate()
        entries.deallocate()
        arena.deallocate()
    }

    /// The number of an identifier, if the table holds it.
    @inlinable
    public func find(_ bytes: UnsafeRawBufferPointer) -> Number? {
        let hash = Hash64.hash(bytes)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let number = slots[slot]
            if number == Self.none { return nil }
            if matches(number, hash, bytes) { return number }
            slot = (slot + 1) & mask
        }
    }

    /// The number of an identifier, given now if it is new.
    @inlinable
    public func intern(_ bytes: UnsafeRawBufferPointer) -> Number {
        let hash = Hash64.hash(bytes)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let number = slots[slot]
            if number == Self.none { return insert(bytes, hash: hash) }
            if matches(number, hash, bytes) { return number }
            slot = (slot + 1) & mask
        }
    }

    public func intern(_ text: String) -> Number {
        var text = text
        return text.withUTF8 { intern(UnsafeRawBufferPointer($0)) }
    }

    public func find(_ text: String) -> Number? {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    /// The bytes of an identifier; valid until the next `intern` or `remove`.
    @inlinable
    public func bytes(_ number: Number) -> UnsafeRawBufferPointer {
        let entry = entries[Int(number)]
        return UnsafeRawBufferPointer(start: arena + Int(entry.start), count: Int(entry.length))
    }

    public func text(_ number: Number) -> String {
        String(decoding: bytes(number), as: UTF8.self)
    }

    /// The hash of an identifier's bytes, the same on every machine.
    @inlinable
    public func hash(_ number: Number) -> UInt64 { entries[Int(number)].hash }

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
        var slot = Int(truncatingIfNeeded: entries[Int(number)].hash) & mask
        while slots[slot] != number { slot = (slot + 1) & mask }
        closeGap(at: slot)
        let entry = entries[Int(number)]
        (arena + Int(entry.start)).update(repeating: 0, count: Int(entry.length))
        arenaDead += Int(entry.length)
        entries[Int(number)].live = false
        entries[Int(number)].length = 0
        freed.append(number)
    }

    @inlinable
    func matches(_ number: Number, _ hash: UInt64, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let entry = entries[Int(number)]
        guard entry.hash == hash, Int(entry.length) == bytes.count else { return false }
        guard var a = bytes.baseAddress else { return true }
        var b = UnsafeRawPointer(arena + Int(entry.start))
        var left = bytes.count
        while left >= 8 {
            if a.loadUnaligned(as: UInt64.self) != b.loadUnaligned(as: UInt64.self) { return false }
            a += 8
            b += 8
            left -= 8
        }
        while left > 0 {
            if a.load(as: UInt8.self) != b.load(as: UInt8.self) { return false }
            a += 1
            b += 1
            left -= 1
        }
        return true
    }

    @usableFromInline
    func insert(_ bytes: UnsafeRawBufferPointer, hash: UInt64) -> Number {
        if (count + 1) * 2 > mask { grow() }
        reserveArena(bytes.count)
        let number: Number
        if let reused = freed.popLast() {
            number = reused
        } else {
            if upperBound == entryCapacity { growEntries() }
            number = Number(upperBound)
            upperBound += 1
        }
        (entries + Int(number)).initialize(
            to: Entry(start: UInt64(arenaUsed), hash: hash, length: UInt32(bytes.count), live: true))
        if let source = bytes.baseAddress {
            UnsafeMutableRawPointer(arena + arenaUsed).copyMemory(from: source, byteCount: bytes.count)
        }
        arenaUsed += bytes.count
        place(number, hash)
        return number
    }

    private func place(_ number: Number, _ hash: UInt64) {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != Self.none { slot = (slot + 1) & mask }
        slots[slot] = number
    }

    /// Moves later members of a probe sequence back over a removed one (Knuth, vol. 3, 6.4, algorithm R).
    private func closeGap(at removed: Int) {
        var gap = removed
        var slot = (gap + 1) & mask
        while slots[slot] != Self.none {
            let home = Int(truncatingIfNeeded: entries[Int(slots[slot])].hash) & mask
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
        for number in 0..<upperBound where entries[number].live { place(Number(number), entries[number].hash) }
    }

    private func growEntries() {
        let capacity = entryCapacity + entryCapacity / 2
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity)
        larger.moveInitialize(from: entries, count: upperBound)
        entries.deallocate()
        entries = larger
        entryCapacity = capacity
    }

    /// Makes room for some bytes; what removed identifiers left behind is squeezed out when the arena has to move anyway.
    private func reserveArena(_ count: Int) {
        guard arenaUsed + count > arenaCapacity else { return }
        arenaCapacity = max((arenaUsed - arenaDead) * 3 / 2 + count, 1024)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: arenaCapacity)
        var used = 0
        for number in 0..<upperBound where entries[number].live {
            let entry = entries[number]
            (larger + used).initialize(from: arena + Int(entry.start), count: Int(entry.length))
            entries[number].start = UInt64(used)
            used += Int(entry.length)
        }
        arena.deallocate()
        arena = larger
        arenaUsed = used
        arenaDead = 0
    }
}
