/// Reads one JSON object (RFC 8259, strictly) and remembers where the values of known fields lie; what they mean is the
/// caller's business.
///
/// The bytes are first copied into memory of its own with zeros behind them. That costs a few nanoseconds and buys three
/// things: no bounds check anywhere (a zero byte is wrong at every place in JSON, so every loop stops at it), loads of
/// whole words past a string's end, and escapes that are resolved in place.
///
/// Its memory is behind `let` pointers: stored variables of a class would cost an exclusivity check at each access.
final class ObjectScanner {
    typealias Bytes = UnsafeMutablePointer<UInt8>

    enum Kind: UInt8 {
        case absent, null, string, integer, decimal, yes, no, container
    }

    /// Where a value lies. A string without its quotes, a number as it is written.
    struct Slot {
        var start: Bytes
        var count: Int
        var kind: Kind

        /// No such field, null, or an empty string.
        @inline(__always)
        var isAbsent: Bool { kind == .absent || kind == .null || (kind == .string && count == 0) }
    }

    struct Memory {
        var base: Bytes
        var capacity: Int
        var failure: Rejection.Finding = .none
        var failureAt: Int = 0
    }

    /// Levels of nesting, the top-level object included.
    static let depthMax = 64
    /// Slots of known fields; one more takes the values of unknown fields.
    static let fieldsMax = 15
    /// This bit in a name's code marks an alias: its value counts where there is none under its field's canonical name.
    static let aliasBit: UInt8 = 0x40
    private static let padding = 64

    let slots: UnsafeMutablePointer<Slot>
    /// What stands under aliases of the fields.
    let aliasSlots: UnsafeMutablePointer<Slot>
    let memory: UnsafeMutablePointer<Memory>
    let transitions: UnsafeMutablePointer<Transition>
    /// Whose transitions they are; nil where they are its own.
    private let teacher: ObjectScanner?

    convenience init() { self.init(learningWith: nil) }

    /// - Parameter teacher: of the same thread; it sees the same kind of objects.
    init(learningWith teacher: ObjectScanner?) {
        self.teacher = teacher
        memory = .allocate(capacity: 1)
        let base = Bytes.allocate(capacity: 4096)
        base.initialize(repeating: 0, count: 4096)
        memory.initialize(to: Memory(base: base, capacity: 4096))
        let slotsCount = 2 * Self.fieldsMax + 1
        slots = .allocate(capacity: slotsCount)
        slots.initialize(repeating: Slot(start: base, count: 0, kind: .absent), count: slotsCount)
        aliasSlots = slots + Self.fieldsMax + 1
        if let teacher {
            transitions = teacher.transitions
        } else {
            transitions = .allocate(capacity: 2 * Self.placesCount)
            transitions.initialize(repeating: Transition(), count: 2 * Self.placesCount)
        }
    }

    deinit {
        memory.pointee.base.deallocate()
        memory.deallocate()
        slots.deallocate()
        if teacher == nil { transitions.deallocate() }
    }

    /// Fills the slots. Of a name that occurs more than once, the last one counts, as in Foundation; a canonical name
    /// that says something counts before its field's aliases wherever they stand.
    /// - Parameter fields: how many slots the names' codes use.
    func scan(_ bytes: UnsafeRawBufferPointer, names: NameTable, fields: Int) -> Rejection? {
        guard bytes.count > 0, let source = bytes.baseAddress else { return Rejection(.emptyValue) }
        let base = prepare(source, bytes.count)
        var index = 0
        while index < fields {
            slots[index].kind = .absent
            slots[index].count = 0
            index += 1
        }
        let start = skipSpace(base)
        guard start.pointee == UInt8(ascii: "{") else { return topLevelFailure(start, bytes) }
        guard let end = members(start, names) else { return failure(bytes) }
        let rest = skipSpace(end)
        guard rest == base + bytes.count else {
            fail(.trailing, rest)
            return failure(bytes)
        }
        return nil
    }

    @inline(__always)
    private func prepare(_ source: UnsafeRawPointer, _ count: Int) -> Bytes {
        if count + Self.padding > memory.pointee.capacity { grow(count) }
        let base = memory.pointee.base
        UnsafeMutableRawPointer(base).copyMemory(from: source, byteCount: count)
        let tail = UnsafeMutableRawPointer(base + count)
        tail.storeBytes(of: SIMD16<UInt8>(), as: SIMD16<UInt8>.self)
        (tail + 16).storeBytes(of: SIMD16<UInt8>(), as: SIMD16<UInt8>.self)
        return base
    }

    @inline(never)
    private func grow(_ count: Int) {
        let capacity = max(count + Self.padding, 2 * memory.pointee.capacity)
        memory.pointee.base.deallocate()
        memory.pointee.base = .allocate(capacity: capacity)
        memory.pointee.base.initialize(repeating: 0, count: capacity)
        memory.pointee.capacity = capacity
    }

    /// Behind the white space at `p`. Most often there is none, or one space.
    @inline(__always)
    func skipSpace(_ p: Bytes) -> Bytes {
        if p.pointee > 0x20 { return p }
        if p.pointee == 0x20, p[1] > 0x20 { return p + 1 }
        return skipLongSpace(p)
    }

    @inline(never)
    private func skipLongSpace(_ p: Bytes) -> Bytes {
        var p = p
        while p.pointee == 0x20 || p.pointee == 0x0A || p.pointee == 0x0D || p.pointee == 0x09 { p += 1 }
        return p
    }
}
