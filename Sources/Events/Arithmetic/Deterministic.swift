/// Powers and logarithms of our own: the C library's differ between machines, and folds must not. Nothing but additions,
/// multiplications and one division in a fixed order, so the bits are the same everywhere.
public enum Deterministic {
    /// `2^x`, within 1.5 units in the last place, exact where x is an integer; 0 and infinity past the range, NaN for
    /// NaN. `2^x = 2^n · e^(f ln 2)` with |f| ≤ ½ and the exponential series to its 13th power (the rest is below 5e-18).
    @inlinable
    public static func exp2(_ x: Double) -> Double {
        guard x < 1024 else { return x.isNaN ? x : .infinity }
        guard x >= -1075 else { return 0 }
        let n = (x + 0x1.8p52) - 0x1.8p52
        let z = (x - n) * 0.693147180559945309417
        var p = 1 / 6_227_020_800.0
        p = p * z + 1 / 479_001_600.0
        p = p * z + 1 / 39_916_800.0
        p = p * z + 1 / 3_628_800.0
        p = p * z + 1 / 362_880.0
        p = p * z + 1 / 40_320.0
        p = p * z + 1 / 5_040.0
        p = p * z + 1 / 720.0
        p = p * z + 1 / 120.0
        p = p * z + 1 / 24.0
        p = p * z + 1 / 6.0
        p = p * z + 0.5
        p = (p * z) * z + z
        let mantissa = 1 + p
        let exponent = Int(n)
        // Two steps where one factor would leave the range of exponents.
        if exponent > 1023 { return mantissa * 0x1p1023 * power(exponent - 1023) }
        if exponent < -1022 { return mantissa * power(exponent + 54) * 0x1p-54 }
        return mantissa * power(exponent)
    }

    /// `2^x`, computed in `Double` and rounded once.
    @inlinable
    public static func exp2(_ x: Float) -> Float { Float(exp2(Double(x))) }

    /// `log2(x)`, within 2 units in the last place (near 1, of its own small value), exact for powers of two; −infinity
    /// for 0, NaN below. `2 atanh(s) / ln 2` with `s = (m − 1)/(m + 1)`, m within √½…√2.
    @inlinable
    public static func log2(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        let scaled = x < 0x1p-1022 ? x * 0x1p54 : x
        var exponent = Int(scaled.bitPattern >> 52) - 1023 - (x < 0x1p-1022 ? 54 : 0)
        var m = Double(bitPattern: scaled.bitPattern & 0xF_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000)
        if m > 1.4142135623730951 {
            m *= 0.5
            exponent += 1
        }
        let s = (m - 1) / (m + 1)
        let z = s * s
        var p = 1 / 23.0
        p = p * z + 1 / 21.0
        p = p * z + 1 / 19.0
        p = p * z + 1 / 17.0
        p = p * z + 1 / 15.0
        p = p * z + 1 / 13.0
        p = p * z + 1 / 11.0
        p = p * z + 1 / 9.0
        p = p * z + 1 / 7.0
        p = p * z + 1 / 5.0
        p = p * z + 1 / 3.0
        let series = s + s * (z * p)
        return Double(exponent) + series * 2.88539008177792681472
    }

    /// x^y for x > 0; 0 for x = 0 and y > 0.
    @inlinable
    public static func pow(_ x: Double, _ y: Double) -> Double {
        y == 0 ? 1 : exp2(y * log2(x))
    }

    @usableFromInline
    static func power(_ exponent: Int) -> Double { Double(bitPattern: UInt64(exponent + 1023) << 52) }
}
