internal import Events

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), with normal numbers: the same from the same seed, everywhere.
public struct RandomStream: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter row: gives each row of a matrix, or each user, a stream of its own, so that rows that are drawn in
    ///   another order, or added later, leave the others alone.
    public init(seed: UInt64, row: Int = 0) {
        state = seed &+ UInt64(row) &* 0xD134_2543_DE82_EF95
        state = next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In 0..<1.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// In 0..<bound, each as often as the others to within bound / 2⁶⁴.
    public mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// By Marsaglia's polar method.
    public mutating func normal() -> Double {
        while true {
            let (x, y) = (2 * uniform() - 1, 2 * uniform() - 1)
            let s = x * x + y * y
            guard s > 0, s < 1 else { continue }
            return x * (-2 * 0.693147180559945309417 * Deterministic.log2(s) / s).squareRoot()
        }
    }
}
