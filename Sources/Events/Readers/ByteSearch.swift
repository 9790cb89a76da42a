/// Finds bytes eight at a time.
enum ByteSearch {
    /// The first place of `byte` at or behind `start`, or nil.
    @inline(__always)
    static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let pattern = ones &* UInt64(byte)
        var index = start
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ pattern
            // The lowest byte that is zero keeps its top bit; false ones can only lie above it.
            let hits = (word &- ones) & ~word & (ones &* 0x80)
            if hits != 0 { return index + (hits.trailingZeroBitCount >> 3) }
            index += 8
        }
        while index < bytes.count {
            if base.load(fromByteOffset: index, as: UInt8.self) == byte { return index }
            index += 1
        }
        return nil
    }
}
