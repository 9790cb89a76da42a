import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `ingest.rekey`: sends the input through an internal topic keyed by user, from which the worker reads.
final class RekeyService: Service {
    let name = "rekey"
    private let log: KafkaEventLog.Settings
    private let worker: WorkerSettings
    private let stopsAtEnd: Bool
    private let stop = Latch()
    private let finished = Latch()
    private let logger = Logger(label: "freshet.rekey")

    init(_ deployment: Deployment, stopsAtEnd: Bool) throws {
        var log = deployment.logSettings(isStatic: !stopsAtEnd)
        log.topics.events = deployment.inputTopic
        log.requiresTopics = true
        log.groupID = log.topics.rekeyGroup
        self.log = log
        self.stopsAtEnd = stopsAtEnd
        worker = try deployment.workerSettings()
    }

    func beginShutdown() { stop.set() }

    /// Waits until the input's end, as it was at the start, has been sent on; only where it stops at the end.
    func waitUntilFinished(orStopped stop: Latch) {
        while !stop.isSet, !finished.wait(for: .milliseconds(100)) {}
    }

    func run() throws {
        defer { finished.set() }
        var pause = RetryPause()
        while !stop.isSet {
            do {
                try work()
                return
            } catch let error as LogError where error.kind != .fatal && error.kind != .state {
                logger.warning("rekeying starts over from what is committed: \(error.message)")
                if stop.wait(for: pause.next()) { return }
            } catch let error as LogError {
                throw CommandFailure(error.message, exitCode: error.exitCode)
            }
        }
    }

    private func work() throws {
        let kafka = try KafkaEventLog(log)
        defer { kafka.close() }
        let logger = logger
        kafka.warning = { logger.warning("\($0)") }
        let end = stopsAtEnd ? try EndOfInput(kafka) : nil
        let rekeyer = Rekeyer(
            log: kafka, inputTopic: log.topics.events, typeNames: worker.typeNames, publishes: worker.publishes,
            commitIntervalMilliseconds: worker.commitIntervalMilliseconds, clock: monotonicMilliseconds)
        while !stop.isSet {
            let taken = try rekeyer.step(timeoutMilliseconds: 10)
            guard let end, taken == 0, !rekeyer.hasUncommitted, !rekeyer.isCommitting else { continue }
            if try end.isCommitted(kafka) { break }
        }
        try rekeyer.settle(timeoutMilliseconds: 10_000)
    }
}
