import Pipeline

/// One process of the deployment: a session with the broker, and the worker under test.
final class SimulatedInstance {
    let name: String
    let log: SimulatedLog
    let worker: Worker
    private(set) var leader: Leader
    private let leadership: Leadership
    private let leaderSettings: Leader.Settings
    /// In the middle of a step, which a stall holds up.
    var isInStep = false
    var hasLeft = false

    init(
        name: String, log: SimulatedLog, world: World, leadership: Leadership
    ) throws(LogError) {
        self.name = name
        self.log = log
        let time = log.time
        var own = world.settings
        own.writer = name
        worker = try Worker(settings: own, log: log, clock: { time.now })
        self.leadership = leadership
        var leading = Leader.Settings()
        leading.items = world.settings.items
        leading.fingerprint = own.fingerprint
        leading.publishesRows = false
        leading.snapshotBytes = world.snapshotBytes
        leading.kept = 2
        leaderSettings = leading
        leader = Leader(settings: leading, log: SimulatedLeaderLog(log, leadership), clock: { time.now })
    }

    /// What the leader's thread does; after an error it starts over with a new log, as the service does.
    func lead() throws(LogError) {
        do throws(LogError) { _ = try leader.step(timeoutMilliseconds: 0) } catch {
            let time = log.time
            leader = Leader(
                settings: leaderSettings, log: SimulatedLeaderLog(log, leadership), clock: { time.now })
            throw error
        }
    }
}
