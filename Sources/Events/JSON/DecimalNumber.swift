/// Decimal numbers as JSON writes them, to the nearest Double.
enum DecimalNumber {
    /// Nil when the bytes are not exactly one JSON number; infinite when it is too large. Where digits and exponent fit
    /// 53 bits and ten to the 22nd (all prices do), one multiplication or division of two exact values rounds correctly
    /// (Clinger, "How to read floating point numbers accurately", PLDI 1990); everything else goes to the standard library.
    static func parse(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double? {
        var p = start
        let end = start + count
        var isNegative = false
        if p < end, p.pointee == UInt8(ascii: "-") {
            isNegative = true
            p += 1
        }
        var mantissa: UInt64 = 0
        var exponent = 0
        let first = p
        while p < end, p.pointee &- 48 < 10 {
            mantissa = mantissa &* 10 &+ UInt64(p.pointee &- 48)
            p += 1
        }
        var digits = p - first
        guard digits > 0, digits == 1 || first.pointee != 48 else { return nil }
        if p < end, p.pointee == UInt8(ascii: ".") {
            p += 1
            let fraction = p
            while p < end, p.pointee &- 48 < 10 {
                mantissa = mantissa &* 10 &+ UInt64(p.pointee &- 48)
                p += 1
            }
            guard p > fraction else { return nil }
            exponent = fraction - p
            digits -= exponent
        }
        if p < end, p.pointee | 0x20 == UInt8(ascii: "e") {
            guard let written = writtenExponent(p + 1, end) else { return nil }
            exponent += written
            p = end
        }
        guard p == end else { return nil }
        if digits <= 19, mantissa < 1 << 53, exponent >= -22, exponent <= 22 {
            let whole = Double(mantissa)
            let value = exponent < 0 ? whole / power(-exponent) : whole * power(exponent)
            return isNegative ? -value : value
        }
        return Double(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
    }

    /// The digits behind an `e`, up to the end; kept small enough not to overflow.
    private static func writtenExponent(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Int? {
        var p = start
        var isNegative = false
        if p < end, p.pointee == UInt8(ascii: "-") || p.pointee == UInt8(ascii: "+") {
            isNegative = p.pointee == UInt8(ascii: "-")
            p += 1
        }
        let first = p
        var value = 0
        while p < end, p.pointee &- 48 < 10 {
            value = min(value * 10 + Int(p.pointee &- 48), 1_000_000)
            p += 1
        }
        guard p > first, p == end else { return nil }
        return isNegative ? -value : value
    }

    /// Ten to the `exponent`-th, 0 to 22: exact.
    @inline(__always)
    private static func power(_ exponent: Int) -> Double {
        if exponent == 2 { return 100 }
        var value = 1.0
        var base = 10.0
        var rest = exponent
        while rest > 0 {
            if rest & 1 == 1 { value *= base }
            rest &>>= 1
            if rest > 0 { base *= base }
        }
        return value
    }
}
