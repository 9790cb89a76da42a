import Pipeline

/// One process of the deployment: a session with the broker, and the worker under test.
final class SimulatedInstance {
    let name: String
    let log: SimulatedLog
    let worker: Worker
    /// In the middle of a step, which a stall holds up.
    var isInStep = false
    var hasLeft = false

    init(
        name: String, log: SimulatedLog, settings: WorkerSettings, planted: PlantedFault?
    ) throws(LogError) {
        self.name = name
        self.log = log
        let time = log.time
        var own = settings
        own.writer = name
        worker = try Worker(settings: own, log: log, clock: { time.now })
    }
}
