extension ObjectScanner {
    /// The first byte from `p` on that ends a run of plain characters: a quote, a backslash, a control character or the
    /// first byte of a multi-byte character. Eight bytes a step: in a word whose bytes are all below 0x80, subtracting
    /// sets a byte's top bit exactly where it underflows, and a borrow reaches only bytes behind the first match.
    @inline(__always)
    func plainEnd(_ p: Bytes) -> Bytes {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var p = p
        while true {
            let word = load64(p)
            let quotes = (word ^ (ones &* 0x22)) &- ones
            let backslashes = (word ^ (ones &* 0x5C)) &- ones
            let controls = word &- (ones &* 0x20)
            let hits = (quotes | backslashes | controls | word) & (ones &* 0x80)
            if hits != 0 { return p + (hits.trailingZeroBitCount &>> 3) }
            p += 8
        }
    }

    /// The rest of a string that holds more than plain characters: resolves escapes in place and checks UTF-8.
    /// - Parameters:
    ///   - start: its first byte.
    ///   - count: becomes its length without escapes.
    ///   - stop: where `plainEnd` stopped.
    /// - Returns: the closing quote, or nil when the string is not valid.
    @inline(never)
    func finishString(_ start: Bytes, _ count: inout Int, _ stop: Bytes) -> Bytes? {
        var read = stop
        var write = stop
        while true {
            let byte = read.pointee
            if byte == UInt8(ascii: "\"") {
                count = write - start
                return read
            }
            if byte == UInt8(ascii: "\\") {
                guard let next = escape(read, &write) else { return nil }
                read = next
            } else if byte >= 0x80 {
                let length = UTF8Check.sequenceLength(read)
                guard length > 0 else { return fail(.badUTF8, read) }
                move(read, length, &write)
                read += length
            } else if byte < 0x20 {
                return fail(.controlCharacter, read)
            } else {
                let end = plainEnd(read)
                move(read, end - read, &write)
                read = end
            }
        }
    }

    @inline(__always)
    private func move(_ from: Bytes, _ count: Int, _ write: inout Bytes) {
        if write != from { UnsafeMutableRawPointer(write).copyMemory(from: from, byteCount: count) }
        write += count
    }

    /// One escape at `p`; writes what it stands for. It is never longer than the escape itself.
    private func escape(_ p: Bytes, _ write: inout Bytes) -> Bytes? {
        let plain: UInt8
        switch p[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = p[1]
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"): return unicodeEscape(p, &write)
        default: return fail(.badEscape, p)
        }
        write.pointee = plain
        write += 1
        return p + 2
    }

    private func unicodeEscape(_ p: Bytes, _ write: inout Bytes) -> Bytes? {
        guard let unit = hex4(p + 2) else { return fail(.badEscape, p) }
        var scalar = unit
        var next = p + 6
        if unit & 0xF800 == 0xD800 {
            guard unit < 0xDC00, next[0] == UInt8(ascii: "\\"), next[1] == UInt8(ascii: "u"),
                let low = hex4(next + 2), low & 0xFC00 == 0xDC00
            else { return fail(.loneSurrogate, p) }
            scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            next += 6
        }
        appendUTF8(scalar, &write)
        return next
    }

    /// Four hexadecimal digits. Stops at the first byte that is none, so it never reads past the end.
    private func hex4(_ p: Bytes) -> UInt32? {
        var value: UInt32 = 0
        for index in 0..<4 {
            let byte = p[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private func appendUTF8(_ scalar: UInt32, _ write: inout Bytes) {
        func put(_ value: UInt32) {
            write.pointee = UInt8(truncatingIfNeeded: value)
            write += 1
        }
        if scalar < 0x80 {
            put(scalar)
        } else if scalar < 0x800 {
            put(0xC0 | scalar >> 6)
            put(0x80 | scalar & 0x3F)
        } else if scalar < 0x10000 {
            put(0xE0 | scalar >> 12)
            put(0x80 | scalar >> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        } else {
            put(0xF0 | scalar >> 18)
            put(0x80 | scalar >> 12 & 0x3F)
            put(0x80 | scalar >> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        }
    }
}
