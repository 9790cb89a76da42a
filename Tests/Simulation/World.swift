import Events
import Models
import Pipeline

/// The size and the settings of one simulated deployment. Small ones find most.
struct World {
    var isTransactional: Bool
    var partitions: Int
    var users: Int
    var items: Int
    var events: Int
    var instancesMax: Int
    var hasStaticMembers: Bool
    var sessionTimeout = 400
    var transactionTimeout = 150
    /// What a producer has not sent by then, it gives up: `message.timeout.ms`, less than the session time-out.
    var messageTimeout = 300
    var settings = WorkerSettings()
    var rates: FaultRates
    /// Of the driver, a round each.
    var killChance: Double
    var freezeChance: Double
    var leaveChance: Double
    var joinChance: Double
    var compactChance: Double
    /// How fast events come in.
    var produceChance: Double
    /// How fast the catalogue changes.
    var catalogueChance: Double
    /// Bytes of the item log that make a snapshot due.
    var snapshotBytes: Int
    /// How often records that checkpoints and snapshots hold are deleted for their age.
    var retentionChance: Double
    /// How many of the events delete their user.
    var deletions: Double

    init(_ random: SimulationRandom) {
        isTransactional = random.chance(0.7)
        partitions = random.int(1...4)
        users = random.int(1...7)
        items = random.int(2...9)
        events = random.int(15...90)
        instancesMax = random.int(1...3)
        hasStaticMembers = random.chance(0.4)
        // Some worlds have few faults of one kind and many of another.
        func rate(_ most: Double) -> Double { random.pick([0, 0.1, 0.3, 1]) * most }
        rates = FaultRates(
            crash: rate(0.008), stall: rate(0.005), abort: rate(0.3), slowCommit: rate(0.4), redelivery: rate(0.1),
            brokenRead: rate(0.05))
        killChance = rate(0.04)
        freezeChance = rate(0.03)
        leaveChance = rate(0.02)
        joinChance = rate(0.05)
        compactChance = rate(0.02)
        produceChance = random.pick([0.03, 0.1, 0.3, 1])
        catalogueChance = random.pick([0, 0.05, 0.2])
        snapshotBytes = random.pick([50, 500, 1 << 20])
        retentionChance = random.pick([0, 0.1])
        deletions = random.pick([0.03, 0.2])

        settings.checkpointsValidMilliseconds = UInt64(messageTimeout)
        settings.user.historyItemsMax = random.pick([3, 6, 200])
        settings.user.window = random.pick([2, 10])
        settings.items.covisitation.window = settings.user.window
        settings.items.covisitation.neighbours = random.pick([3, 128])
        settings.items.covisitation.halfLifeMilliseconds = random.pick([0, 3_600_000])
        settings.items.itemsMax = random.pick([5, 1000])
        settings.rules.listItems = random.int(1...4)
        settings.rules.continueItems = random.int(0...2)
        settings.rules.perCategoryMax = random.pick([0, 1])
        settings.rules.exploration = random.pick([0, 0.5])
        settings.admission.requiresKey = partitions > 1
        settings.seed = random.next() >> 1
        settings.batchRecordsMax = random.pick([1, 4, 12])
        settings.commitIntervalMilliseconds = UInt64(random.pick([1, 10, 40]))
        settings.checkpointBytes = random.pick([1, 150, 1000, 100_000])
        // So that a last flush is several commits.
        settings.flushBytes = settings.checkpointBytes * 3
        settings.checkpointDelayMilliseconds = random.pick([0, 0, 20, 200, 2000])
        settings.pendingBytesMax = random.pick([1500, 1 << 20])
        settings.blockBytes = random.pick([20, 150, 100_000])
        settings.shortListsPerBatch = random.pick([1, 1000])
        settings.reranksPerBatch = random.pick([1, 256])
        settings.featuresIntervalMilliseconds = random.pick([0, 3_600_000])
    }

    var summary: String {
        """
        \(isTransactional ? "exactly_once" : "at_least_once"), \(hasStaticMembers ? "static" : "dynamic") members, \
        \(partitions) partitions, \(users) users, \(items) items, \(events) events, at most \(instancesMax) instances
        kill \(killChance), freeze \(freezeChance), leave \(leaveChance), join \(joinChance), \(rates)
        batch \(settings.batchRecordsMax), commit \(settings.commitIntervalMilliseconds) ms, checkpoint \
        \(settings.checkpointBytes) after \(settings.checkpointDelayMilliseconds) ms, pending \(settings.pendingBytesMax), block \(settings.blockBytes), history \
        \(settings.user.historyItemsMax), items \(settings.items.itemsMax), half-life \
        \(settings.items.covisitation.halfLifeMilliseconds), neighbours \(settings.items.covisitation.neighbours), window \
        \(settings.user.window), \(settings.rules)
        """
    }
}
