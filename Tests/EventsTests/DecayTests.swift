import Events
import Testing

struct DecayTests {
    @Test func decayHalvesAtEachHalfLife() {
        let decay = Decay(halfLifeMilliseconds: 2_592_000_000)
        #expect(decay.factor(age: 0) == 1 && decay.factor(age: -5) == 1)
        for lives in 1...40 {
            let factor = decay.factor(age: Int64(lives) * 2_592_000_000)
            #expect(factor == Double(sign: .plus, exponent: -lives, significand: 1))
        }
        #expect(decay.factor(age: .max) == 0)
        #expect(
            Decay(halfLifeMilliseconds: 0).factor(age: .max) == 1
                && Decay(halfLifeMilliseconds: 1).factor(age: 3) == 0.125)
        var last = 1.0
        for age in stride(from: Int64(0), to: 10_000_000_000, by: 97_000_003) {
            #expect(decay.factor(age: age) <= last)
            last = decay.factor(age: age)
        }
    }
}
