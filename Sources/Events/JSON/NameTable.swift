/// A fixed table from short byte strings to small codes. Names of up to 16 bytes are held as two words and found by one
/// multiplication and one comparison: the multiplier is searched once, when the table is built, so that no two of them
/// share a slot. Longer names are few and compared one by one.
///
/// `@unchecked Sendable`: the memory is written in `init` and only read afterwards.
final class NameTable: @unchecked Sendable {
    struct Entry {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var count: Int = 0
        var code: UInt8 = NameTable.unknown
    }

    static let unknown: UInt8 = 0xFF
    static let inlineBytesMax = 16

    private let entries: UnsafeMutablePointer<Entry>
    private let multiplier: UInt64
    private let shift: UInt64
    private let long: [(name: [UInt8], code: UInt8)]

    /// - Parameter names: distinct, none empty; codes below 255.
    init(_ names: [(String, UInt8)]) {
        let short = names.filter { $0.0.utf8.count <= Self.inlineBytesMax }.map { Self.entry($0.0, $0.1) }
        long = names.filter { $0.0.utf8.count > Self.inlineBytesMax }.map { (Array($0.0.utf8), $0.1) }
        var bits = 4
        while 1 << bits < 2 * short.count { bits += 1 }
        var multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
        var slots: [Entry]?
        var tries = 0
        while slots == nil {
            slots = Self.place(short, multiplier, bits)
            if slots == nil {
                multiplier = multiplier &* 0xD134_2543_DE82_EF95 &+ 0x9E37_79B9_7F4A_7C16
                multiplier |= 1
                tries += 1
                if tries % 4096 == 0 { bits += 1 }
            }
        }
        self.multiplier = multiplier
        shift = UInt64(64 - bits)
        entries = .allocate(capacity: 1 << bits)
        entries.initialize(from: slots!, count: 1 << bits)
    }

    deinit { entries.deallocate() }

    /// The code of the name at `start`, of which 16 bytes must be readable whatever its length.
    @inline(__always)
    func code(_ start: UnsafeMutablePointer<UInt8>, _ count: Int) -> UInt8 {
        guard count <= Self.inlineBytesMax else {
            return longCode(UnsafeRawBufferPointer(start: start, count: count))
        }
        var low = load64(start)
        var high: UInt64 = 0
        if count < 8 {
            low &= (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
        } else if count > 8 {
            high = load64(start + 8)
            if count < 16 { high &= (1 &<< UInt64(truncatingIfNeeded: (count &- 8) &* 8)) &- 1 }
        }
        let entry = entries + Self.slot(low, high, count, multiplier, shift)
        let same = entry.pointee.low == low && entry.pointee.high == high && entry.pointee.count == count
        return same ? entry.pointee.code : Self.unknown
    }

    @inline(never)
    func longCode(_ name: UnsafeRawBufferPointer) -> UInt8 {
        for candidate in long where candidate.name.count == name.count && candidate.name.elementsEqual(name) {
            return candidate.code
        }
        return Self.unknown
    }

    @inline(__always)
    private static func slot(
        _ low: UInt64, _ high: UInt64, _ count: Int, _ multiplier: UInt64, _ shift: UInt64
    ) -> Int {
        let word = low ^ (high &* 31) ^ UInt64(truncatingIfNeeded: count)
        return Int(truncatingIfNeeded: (word &* multiplier) &>> shift)
    }

    private static func entry(_ name: String, _ code: UInt8) -> Entry {
        var entry = Entry(count: name.utf8.count, code: code)
        for (index, byte) in name.utf8.enumerated() {
            let part = UInt64(byte) << UInt64(index % 8 * 8)
            if index < 8 { entry.low |= part } else { entry.high |= part }
        }
        return entry
    }

    private static func place(_ names: [Entry], _ multiplier: UInt64, _ bits: Int) -> [Entry]? {
        var slots = [Entry](repeating: Entry(), count: 1 << bits)
        for name in names {
            let index = slot(name.low, name.high, name.count, multiplier, UInt64(64 - bits))
            if slots[index].code != unknown { return nil }
            slots[index] = name
        }
        return slots
    }
}

/// Eight bytes as a little-endian word.
@inline(__always)
func load64(_ pointer: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt64.self))
}
