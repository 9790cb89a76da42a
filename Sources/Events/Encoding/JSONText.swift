/// Writes JSON values: quick, without allocation, the same bytes on every machine.
public enum JSONText {
    /// A string in quotes, escaped where it must be. The bytes are valid UTF-8.
    public static func string(_ bytes: UnsafeRawBufferPointer, to writer: ByteWriter) {
        let tail = writer.tail(bytes.count + 2)
        tail[0] = UInt8(ascii: "\"")
        var index = 0
        if let base = bytes.baseAddress {
            // Eight bytes at a time as long as none of them needs an escape.
            while index &+ 8 <= bytes.count {
                let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if needsEscape(word) { break }
                UnsafeMutableRawPointer(tail + (index &+ 1)).storeBytes(of: word, as: UInt64.self)
                index &+= 8
            }
        }
        while index < bytes.count, !needsEscape(bytes[index]) {
            tail[index &+ 1] = bytes[index]
            index &+= 1
        }
        writer.advance(index + 1)
        while index < bytes.count {
            let byte = bytes[index]
            if needsEscape(byte) { escape(byte, to: writer) } else { writer.byte(byte) }
            index += 1
        }
        writer.byte(UInt8(ascii: "\""))
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Whether one of eight bytes needs an escape; true also for some words without one, which then go byte by byte.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let low = (word &- ones &* 0x20) & ~word
        return (low | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & (ones &* 0x80) != 0
    }

    public static func string(_ text: String, to writer: ByteWriter) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0), to: writer) }
    }

    public static func integer(_ value: Int64, to writer: ByteWriter) {
        if value < 0 { writer.byte(UInt8(ascii: "-")) }
        digits(value.magnitude, least: 1, to: writer)
    }

    /// At most six digits after the point, trailing zeros left out; what is not finite is null.
    public static func decimal(_ value: Double, to writer: ByteWriter) {
        guard value.isFinite else { return writer.text("null") }
        guard abs(value) < 1e12 else { return writer.text("\(value)") }
        // Half and more goes up, as `rounded` does, without a call of the C library.
        let scaled = abs(value) * 1_000_000
        let below = UInt64(scaled)
        let whole = below + (scaled - Double(below) >= 0.5 ? 1 : 0)
        if value < 0, whole > 0 { writer.byte(UInt8(ascii: "-")) }
        digits(whole / 1_000_000, least: 1, to: writer)
        var fraction = whole % 1_000_000
        guard fraction > 0 else { return }
        writer.byte(UInt8(ascii: "."))
        var places = 6
        while fraction % 10 == 0 {
            fraction /= 10
            places -= 1
        }
        digits(fraction, least: places, to: writer)
    }

    /// RFC 3339 in UTC with milliseconds, as in 2019-10-01T00:00:00.000Z, without quotes.
    public static func time(_ milliseconds: Int64, to writer: ByteWriter) {
        let (days, inDay) = floorDivide(milliseconds, 86_400_000)
        // The civil date of a day (Hinnant, "chrono-compatible low-level date algorithms").
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let tail = writer.tail(24)
        put(max(0, year) / 100 % 100, to: tail)
        put(max(0, year) % 100, to: tail + 2)
        tail[4] = UInt8(ascii: "-")
        put(month, to: tail + 5)
        tail[7] = UInt8(ascii: "-")
        put(day, to: tail + 8)
        tail[10] = UInt8(ascii: "T")
        put(inDay / 3_600_000, to: tail + 11)
        tail[13] = UInt8(ascii: ":")
        put(inDay / 60_000 % 60, to: tail + 14)
        tail[16] = UInt8(ascii: ":")
        put(inDay / 1000 % 60, to: tail + 17)
        tail[19] = UInt8(ascii: ".")
        tail[20] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: inDay / 100 % 10)
        put(inDay % 100, to: tail + 21)
        tail[23] = UInt8(ascii: "Z")
        writer.advance(24)
    }

    /// Two digits.
    @inline(__always)
    private static func put(_ value: Int64, to place: UnsafeMutablePointer<UInt8>) {
        place[0] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10)
        place[1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
    }

    private static func floorDivide(_ value: Int64, _ by: Int64) -> (Int64, Int64) {
        let remainder = value % by
        return remainder < 0 ? (value / by - 1, remainder + by) : (value / by, remainder)
    }

    private static func digits(_ value: UInt64, least: Int, to writer: ByteWriter) {
        // Most numbers are small.
        if value < 10, least == 1 { return writer.byte(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
        var count = 1
        var limit: UInt64 = 10
        while value >= limit, count < 19 {
            count += 1
            limit &*= 10
        }
        if count == 19, value >= 10_000_000_000_000_000_000 { count = 20 }
        count = max(count, least)
        var rest = value
        let tail = writer.tail(count)
        for place in stride(from: count - 1, through: 0, by: -1) {
            tail[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        writer.advance(count)
    }

    private static func escape(_ byte: UInt8, to writer: ByteWriter) {
        writer.byte(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): writer.byte(byte)
        case 0x0A: writer.byte(UInt8(ascii: "n"))
        case 0x0D: writer.byte(UInt8(ascii: "r"))
        case 0x09: writer.byte(UInt8(ascii: "t"))
        default:
            writer.text("u00")
            let hex: StaticString = "0123456789abcdef"
            writer.byte(hex.utf8Start[Int(byte >> 4)])
            writer.byte(hex.utf8Start[Int(byte & 15)])
        }
    }
}
