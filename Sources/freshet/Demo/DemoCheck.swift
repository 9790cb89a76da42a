import Events
import Kafka
import Models
import Pipeline
import ServiceKit

/// Rebuilds the demo's state from its logs: the users with a fresh worker from the events topic, the items with a fresh
/// fold from the item log.
struct DemoCheck {
    let deployment: Deployment
    let memory: MemoryTopics
    /// How many records of the events topic there are.
    let records: Int

    func rebuild(progress: (Int) -> Void, stop: () -> Bool) throws -> DemoService.Hashes? {
        guard let users = try users(progress, stop) else { return nil }
        let items = try items()
        return .init(users: users, items: items.hash, itemsOffset: items.offset)
    }

    private func users(_ progress: (Int) -> Void, _ stop: () -> Bool) throws -> String? {
        var settings = DemoService.logSettings(deployment, MemoryTopics())
        // Another group with nothing committed, so that it reads from the beginning.
        settings.groupID += "-rebuilt"
        let log = try KafkaEventLog(settings)
        defer { log.close() }
        var workerSettings = try deployment.workerSettings()
        workerSettings.publishes = false
        let worker = try Worker(settings: workerSettings, log: log, clock: monotonicMilliseconds)
        worker.admission.requiresKey = true
        let deadline = monotonicMilliseconds() + 60_000
        while !stop() {
            try worker.step(timeoutMilliseconds: 10)
            let taken = worker.partitions.values.reduce(0) { $0 + Int($1.position) }
            progress(taken)
            if worker.isReady, taken >= records { return worker.usersHash().hex }
            guard monotonicMilliseconds() < deadline else {
                throw CommandFailure("rebuilding stopped at \(taken) of \(records) records")
            }
        }
        return nil
    }

    private func items() throws -> (hash: String, offset: Int64) {
        let fold = ItemFold(table: ItemTable(settings: try deployment.workerSettings().items))
        let reader = MemoryReader(memory, .itemLog, 0, from: 0)
        var failure: (any Error)?
        while true {
            let isAtEnd = try reader.read(max: 1_000, timeoutMilliseconds: 0) { record in
                guard failure == nil, let value = record.value else { return }
                do { try fold.apply(value, at: record.offset) } catch { failure = error }
            }
            if let failure { throw failure }
            if isAtEnd { break }
        }
        fold.skip(to: reader.position)
        return (fold.table.hash().hex, fold.offset)
    }
}
