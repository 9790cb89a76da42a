import Foundation
import Testing

/// `FRESHET_SEED=17 swift test --filter SimulationTests` runs one seed with a trace, `FRESHET_SEEDS=10000` many.
@Suite struct SimulationTests {
    static let environment = ProcessInfo.processInfo.environment

    private static var prefix: String {
        environment["FRESHET_GUARANTEE"].map { "FRESHET_GUARANTEE=\($0) " } ?? ""
    }

    /// `FRESHET_GUARANTEE=at_least_once` or `exactly_once` makes all worlds so; else seven of ten are exactly once.
    private static func guarantee(_ world: inout World) {
        guard let name = environment["FRESHET_GUARANTEE"] else { return }
        world.isTransactional = name == "exactly_once"
    }

    @Test func everySeedKeepsThePromises() {
        if let seed = Self.environment["FRESHET_SEED"].flatMap({ UInt64($0) }) {
            let simulation = Simulation(seed: seed, change: Self.guarantee)
            simulation.trace = { print($0) }
            for violation in simulation.run() { Issue.record("seed \(seed): \(violation)") }
            print(simulation.counts)
            return
        }
        let first = Self.environment["FRESHET_FIRST_SEED"].flatMap { UInt64($0) } ?? 1
        let count = Self.environment["FRESHET_SEEDS"].flatMap { UInt64($0) } ?? 200
        let run = SeedRun(first..<(first + count), showsProgress: Self.environment["FRESHET_SEEDS"] != nil) {
            let simulation = Simulation(seed: $0, change: Self.guarantee)
            return (simulation.run(), simulation.counts)
        }
        run.run()
        for failure in run.failures {
            Issue.record(
                """
                \(failure.violation)
                    repeat with: \(Self.prefix)FRESHET_SEED=\(failure.seed) swift test --filter everySeedKeepsThePromises
                """)
        }
        print(run.summary)
    }
}

extension Simulation.Counts {
    mutating func add(_ other: Self) {
        steps += other.steps
        crashes += other.crashes
        freezes += other.freezes
        stalls += other.stalls
        rebalances += other.rebalances
        commits += other.commits
        aborts += other.aborts
        lists += other.lists
        events += other.events
        snapshots += other.snapshots
        deleted += other.deleted
    }
}
