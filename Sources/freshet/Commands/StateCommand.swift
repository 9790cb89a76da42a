import Events
import Foundation
import Kafka
import Models
import Pipeline
import ServiceKit

/// `freshet state …`: looks at a deployment's state as it is committed; no member need be running.
enum StateCommand {
    static let command = Command(
        "state", "Look at a deployment's state, or write it to a file.", subcommands: [hash, show, items, size, export])

    private static let hash = Command(
        "hash", "Print hashes of the state at the group's committed offsets.",
        discussion:
            "The state is restored as `serve` restores it: checkpoints and snapshot, then the events after them. "
            + "Equal hashes mean equal states, whatever the order in which they were stored.",
        options: Deployment.options + [.flag("json", "Print one JSON object.")]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let worker = try restore(deployment)
        let users = worker.usersHash().hex
        let items = worker.items.table.hash().hex
        let count = worker.partitions.values.reduce(0) { $0 + $1.store.count }
        if arguments.flag("json") {
            print(
                "{\"users\": \"\(users)\", \"items\": \"\(items)\", \"user_count\": \(count), "
                    + "\"item_count\": \(worker.items.table.liveCount), \"items_offset\": \(worker.items.offset)}")
        } else {
            print("users  \(users)  (\(HumanFormat.grouped(count)))")
            print(
                "items  \(items)  (\(HumanFormat.grouped(worker.items.table.liveCount)), item log at \(worker.items.offset))"
            )
        }
        return 0
    }

    /// The state of all partitions as it is committed.
    static func restore(_ deployment: Deployment) throws -> Worker {
        let log = try deployment.stateLog()
        let worker = try Worker(settings: deployment.workerSettings(), log: log, clock: monotonicMilliseconds)
        worker.admission.requiresKey = log.partitionCount > 1
        while !worker.isReady || worker.partitions.isEmpty { try worker.step(timeoutMilliseconds: 0) }
        return worker
    }
}
