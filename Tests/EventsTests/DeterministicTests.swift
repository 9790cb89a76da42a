import Events
import Foundation
import Testing

struct DeterministicTests {
    @Test func exp2IsCloseToTheCLibrarys() {
        var generator = SplitMix(state: 6)
        var worst = 0.0
        for _ in 0..<20000 {
            let x = Double.random(in: -1000...1000, using: &generator)
            let exact = Foundation.exp2(x)
            worst = max(worst, abs(Deterministic.exp2(x) - exact) / exact.ulp)
            let float = Float(x / 8)
            #expect(abs(Deterministic.exp2(float) - Foundation.exp2(float)) <= Foundation.exp2(float).ulp)
        }
        #expect(worst <= 2, "units in the last place")
    }

    @Test func exp2IsExactAtIntegersAndSaneAtTheEdges() {
        for n in -1074...1023 { #expect(Deterministic.exp2(Double(n)) == scalbn(1.0, n)) }
        #expect(Deterministic.exp2(1024.0) == .infinity && Deterministic.exp2(-1080.0) == 0)
        #expect(Deterministic.exp2(-Double.infinity) == 0 && Deterministic.exp2(Double.nan).isNaN)
        #expect(Deterministic.exp2(1023.999).isFinite)
    }

    @Test func log2IsCloseToTheCLibrarys() {
        var generator = SplitMix(state: 7)
        for _ in 0..<20000 {
            let x = Foundation.exp2(Double.random(in: -1070...1020, using: &generator))
            let exact = Foundation.log2(x)
            #expect(abs(Deterministic.log2(x) - exact) <= 2 * exact.ulp)
            let near = Double.random(in: 0.7...1.4, using: &generator)
            #expect(abs(Deterministic.log2(near) - Foundation.log2(near)) <= 4 * Foundation.log2(near).ulp)
        }
        for n in -1074...1023 { #expect(Deterministic.log2(scalbn(1.0, n)) == Double(n)) }
        #expect(Deterministic.log2(0.0) == -.infinity && Deterministic.log2(-1.0).isNaN)
    }

    @Test func powIsCloseToTheCLibrarys() {
        var random = SplitMix(state: 8)
        for _ in 0..<5000 {
            let (x, y) = (Double.random(in: 0.001...1000, using: &random), Double.random(in: -3...3, using: &random))
            #expect(abs(Deterministic.pow(x, y) / Foundation.pow(x, y) - 1) < 1e-14)
        }
        #expect(Deterministic.pow(0, 0.7) == 0 && Deterministic.pow(0, 0) == 1 && Deterministic.pow(7, 1) == 7)
    }

    /// Pinned: a change of these bits changes every fold's state.
    @Test func bitsAreFixed() {
        #expect(Deterministic.exp2(0.3).bitPattern == 0x3FF3_B2C4_7BFF_8329)
        #expect(Deterministic.log2(10.0).bitPattern == 0x400A_934F_0979_A371)
        var hash: UInt64 = 0
        var random = SplitMix(state: 9)
        for _ in 0..<2000 {
            let x = Double.random(in: -60...60, using: &random)
            hash = Hash64.hash(Deterministic.exp2(x).bitPattern, seed: hash)
            hash = Hash64.hash(Deterministic.log2(abs(x)).bitPattern, seed: hash)
            hash = Hash64.hash(Deterministic.pow(abs(x), x / 8).bitPattern, seed: hash)
        }
        #expect(hash == 16_934_417_031_638_117_715)
    }
}
