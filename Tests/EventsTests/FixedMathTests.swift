import Events
import Foundation
import Testing

struct FixedMathTests {
    @Test func isWithinTwoUnitsOfTheCLibrary() {
        var random = SplitMix(state: 5)
        for _ in 0..<5000 {
            let x = Double.random(in: -1021...1023.9, using: &random)
            let expected = pow(2, x)
            #expect(abs(FixedMath.exp2(x) - expected) <= 2 * expected.ulp, "2^\(x)")
        }
    }

    @Test func isExactForWholeNumbersAndAtTheEnds() {
        for whole in -1022...1023 {
            #expect(FixedMath.exp2(Double(whole)) == Double(sign: .plus, exponent: whole, significand: 1))
        }
        #expect(FixedMath.exp2(-1022.5) == 0 && FixedMath.exp2(-.infinity) == 0)
        #expect(FixedMath.exp2(1024) == .infinity && FixedMath.exp2(.infinity) == .infinity)
        #expect(FixedMath.exp2(.nan).isNaN && FixedMath.exp2(-0.0) == 1)
        #expect(FixedMath.exp2(1023.75).isFinite)
    }

    /// Fixed bits: another compiler or machine must give the same.
    @Test func keepsItsBits() {
        var hash: UInt64 = 0
        var random = SplitMix(state: 9)
        for _ in 0..<2000 {
            let x = Double.random(in: -60...60, using: &random)
            hash = Hash64.hash(FixedMath.exp2(x).bitPattern, seed: hash)
        }
        #expect(hash == 16_031_329_228_071_792_985)
    }

    @Test func decayHalvesAtEachHalfLife() {
        let decay = Decay(halfLifeMilliseconds: 2_592_000_000)
        #expect(decay.factor(age: 0) == 1 && decay.factor(age: -5) == 1)
        for lives in 1...40 {
            let factor = decay.factor(age: Int64(lives) * 2_592_000_000)
            #expect(factor == Double(sign: .plus, exponent: -lives, significand: 1))
        }
        #expect(decay.factor(age: .max) == 0)
        #expect(Decay.none.factor(age: .max) == 1 && Decay(halfLifeMilliseconds: 1).factor(age: 3) == 0.125)
        var last = 1.0
        for age in stride(from: Int64(0), to: 10_000_000_000, by: 97_000_003) {
            #expect(decay.factor(age: age) <= last)
            last = decay.factor(age: age)
        }
    }
}
