import Models
import Pipeline
import Testing

/// Worlds made for one kind of trouble, which found bugs that the mixed ones rarely meet.
@Suite struct HarshWorldTests {
    /// Members that stand still past their session and go on in the middle of what they did.
    @Test func zombiesAreFenced() {
        run(100...125) { world in
            world.isTransactional = true
            world.rates.stall = 0.02
            world.rates.crash = 0
            world.killChance = 0
            world.instancesMax = 2
            world.items = 9
            world.settings.rules.listItems = 4
            world.settings.commitIntervalMilliseconds = 1
        }
    }

    /// Crashes between a commit and its checkpoints, while users are deleted.
    @Test func deletedUsersStayDeletedAtLeastOnce() {
        run(775...800) { world in
            world.isTransactional = false
            world.killChance = 0.1
            world.deletions = 0.3
            world.rates.crash = 0.02
        }
    }

    /// Checkpoints of a partition's former owner that come in after the next one's: what lay between was lost.
    @Test(arguments: [9032, 22891, 24312] as [UInt64])
    func aFormerOwnerWritesNoCheckpointLate(_ seed: UInt64) { run(seed...seed) { $0.isTransactional = false } }

    private func run(_ seeds: ClosedRange<UInt64>, _ change: (inout World) -> Void) {
        for seed in seeds {
            let violations = Simulation(seed: seed, change: change).run()
            #expect(violations.isEmpty, "seed \(seed)")
        }
    }
}
