/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the same shop from the same seed, everywhere.
struct ShopRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In 0..<1.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ probability: Double) -> Bool { uniform() < probability }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * uniform() }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// The first places of `count` far more often than the last: the share of a place falls with its number's root.
    mutating func early(_ count: Int) -> Int {
        let u = uniform()
        return min(count - 1, Int(Double(count) * u * u))
    }

    /// A number of steps whose mean is `mean`, at least one.
    mutating func steps(mean: Double) -> Int {
        var count = 1
        while count < 40, chance(1 - 1 / mean) { count += 1 }
        return count
    }
}
