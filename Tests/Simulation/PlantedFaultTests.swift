import Testing

/// The checks are worth as much as the bugs that they find: each of these is found, by the seed named, and soon.
@Suite struct PlantedFaultTests {
    /// The first seed that finds each, where nothing else has changed; a run stops at the first finding.
    static let seedsMax: UInt64 = 500

    @Test(arguments: PlantedFault.allCases)
    func isFound(_ fault: PlantedFault) throws {
        let world: (inout World) -> Void = { world in
            // Most of the five are promises of transactions.
            world.isTransactional = true
        }
        var found: (seed: UInt64, violation: String)?
        for seed in 1...Self.seedsMax {
            guard let violation = Simulation(seed: seed, planted: fault, change: world).run().first else { continue }
            found = (seed, violation)
            break
        }
        let first = try #require(found, "\(fault) is not found within \(Self.seedsMax) seeds")
        #expect(Simulation(seed: first.seed, change: world).run().isEmpty, "without the bug seed \(first.seed) is well")
        print("\(fault): found by seed \(first.seed): \(first.violation.prefix(160))")
    }
}
