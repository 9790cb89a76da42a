/// Powers of two that are the same, bit for bit, on every x86-64 machine: additions, multiplications and one division,
/// in a fixed order. The C library's `exp2` differs between its versions and between processors.
public enum FixedMath {
    /// 2^x, within 2 units in the last place; exact for whole x. Below -1022 it is 0, from 1024 on infinite, NaN for NaN.
    @inlinable
    public static func exp2(_ x: Double) -> Double {
        guard x > -1022 else { return x == x ? (x == -1022 ? 0x1p-1022 : 0) : x }
        guard x < 1024 else { return x == x ? .infinity : x }
        // To the nearest whole number, so that the rest lies within half a unit.
        var whole = Int64(x)
        var rest = x - Double(whole)
        if rest > 0.5 {
            whole += 1
            rest -= 1
        } else if rest < -0.5 {
            whole -= 1
            rest += 1
        }
        let value = fraction(rest)
        if whole > 1023 { return value * 0x1p1023 * 2 }
        return value * Double(bitPattern: UInt64(bitPattern: whole + 1023) << 52)
    }

    /// 2^x for -0.5 ≤ x ≤ 0.5: the Taylor series of e^(x·ln 2), whose first omitted term is below 2^-57.
    @inlinable
    static func fraction(_ x: Double) -> Double {
        let t = x * 0.693_147_180_559_945_309_4
        var sum = 1.0 / 6_227_020_800
        sum = sum * t + 1.0 / 479_001_600
        sum = sum * t + 1.0 / 39_916_800
        sum = sum * t + 1.0 / 3_628_800
        sum = sum * t + 1.0 / 362_880
        sum = sum * t + 1.0 / 40_320
        sum = sum * t + 1.0 / 5_040
        sum = sum * t + 1.0 / 720
        sum = sum * t + 1.0 / 120
        sum = sum * t + 1.0 / 24
        sum = sum * t + 1.0 / 6
        sum = sum * t + 0.5
        sum = sum * t + 1
        return sum * t + 1
    }
}
