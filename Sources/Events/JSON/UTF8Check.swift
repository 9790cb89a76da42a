/// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing past U+10FFFF.
enum UTF8Check {
    /// The length of the valid sequence that begins at `p`, or 0. Reads no further than the first byte that is wrong.
    @inline(__always)
    static func sequenceLength(_ p: UnsafePointer<UInt8>) -> Int {
        let first = p[0]
        if first < 0x80 { return 1 }
        if first < 0xC2 { return 0 }
        if first < 0xE0 {
            return p[1] & 0xC0 == 0x80 ? 2 : 0
        }
        if first < 0xF0 {
            let second = p[1]
            guard second & 0xC0 == 0x80 else { return 0 }
            if first == 0xE0 && second < 0xA0 { return 0 }
            if first == 0xED && second > 0x9F { return 0 }
            return p[2] & 0xC0 == 0x80 ? 3 : 0
        }
        guard first < 0xF5 else { return 0 }
        let second = p[1]
        guard second & 0xC0 == 0x80 else { return 0 }
        if first == 0xF0 && second < 0x90 { return 0 }
        if first == 0xF4 && second > 0x8F { return 0 }
        return p[2] & 0xC0 == 0x80 && p[3] & 0xC0 == 0x80 ? 4 : 0
    }

    /// The offset of the first byte that is not part of valid UTF-8, or nil.
    static func firstFault(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index < bytes.count {
            while index + 8 <= bytes.count,
                bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index += 8
            }
            if index == bytes.count { return nil }
            if bytes[index] < 0x80 {
                index += 1
                continue
            }
            // A short copy with zeros behind it, so that a sequence cut off by the end is simply wrong.
            let length = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4) { window in
                for offset in 0..<4 {
                    window[offset] = index + offset < bytes.count ? bytes[index + offset] : 0
                }
                return sequenceLength(UnsafePointer(window.baseAddress!))
            }
            if length == 0 { return index }
            index += length
        }
        return nil
    }
}
