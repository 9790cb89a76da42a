/// Every decision of a simulation, from one seed: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
final class SimulationRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 &+ 0x2545_F491_4F6C_DD1D }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    func chance(_ probability: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < probability }

    func pick<T>(_ values: [T]) -> T { values[int(0...(values.count - 1))] }

    func shuffled<T>(_ values: [T]) -> [T] {
        var result = values
        var last = result.count - 1
        while last > 0 {
            result.swapAt(last, int(0...last))
            last -= 1
        }
        return result
    }

    /// A stream of its own, so that one part's decisions do not move another's.
    func fork() -> SimulationRandom { SimulationRandom(seed: next()) }
}
