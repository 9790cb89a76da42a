import Foundation
import Kafka
import Synchronization

/// A consumer of the lists, as a shop's own would be: `read_committed`, every partition. It notes what must not be seen
/// (a list twice, lists of a user that go back), and for how long nothing came.
final class ChaosWatcher: Sendable {
    struct Seen: Sendable {
        var lists = 0
        var duplicates = 0
        var backwards = 0
        var examples: [String] = []
        /// The newest list's event offset, a user each; users that were deleted are left out.
        var newest: [String: Int64] = [:]
        /// The longest time without any list, and without one of the same partition of the events, in seconds.
        var longestOutage = 0.0
        var slowestPartition = 0.0
    }

    private struct State {
        var seen = Seen()
        var identities: Set<String> = []
        var lastAt: Date?
        var lastOf: [Int32: Date] = [:]
        var measures = true
    }

    private let reader: PartitionReader
    private let partitions: Int
    private let state = Mutex(State())
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ bootstrap: String, partitions: Int) throws {
        reader = try PartitionReader([
            "bootstrap.servers": bootstrap, "isolation.level": "read_committed", "fetch.wait.max.ms": "50",
        ])
        self.partitions = partitions
    }

    func start() throws {
        try reader.assign((0..<Int32(partitions)).map { PartitionOffset("recommendations", $0, 0) })
        Thread.detachNewThread { [self] in run() }
    }

    /// From now on there need not be any list.
    func endMeasuring() { state.withLock { $0.measures = false } }

    func stop() -> Seen {
        isStopped.store(true, ordering: .releasing)
        hasEnded.wait()
        return state.withLock { $0.seen }
    }

    private func run() {
        while !isStopped.load(ordering: .acquiring) {
            let polled = reader.poll(max: 1000, timeoutMilliseconds: 100)
            for message in polled.messages { note(message) }
            polled.messages.destroy()
        }
        hasEnded.signal()
    }

    private func note(_ message: Message) {
        guard let key = message.key else { return }
        let user = String(decoding: key, as: UTF8.self)
        guard let value = message.value else {
            return state.withLock { $0.seen.newest[user] = nil }
        }
        let list = (try? JSONSerialization.jsonObject(with: Data(value))) as? [String: Any]
        guard let made = list?["provenance"] as? [String: Any], let partition = made["partition"] as? Int,
            let offset = made["offset"] as? Int, let items = made["items_offset"] as? Int
        else { return }
        let identity = "\(user) \(partition)@\(offset) items \(items) generation \(made["generation"] as? Int ?? -1)"
        let now = Date()
        state.withLock { state in
            state.seen.lists += 1
            if !state.identities.insert(identity).inserted {
                state.seen.duplicates += 1
                if state.seen.examples.count < 5 { state.seen.examples.append("twice: \(identity)") }
            }
            if let known = state.seen.newest[user], known > Int64(offset) {
                state.seen.backwards += 1
                if state.seen.examples.count < 5 { state.seen.examples.append("after \(known): \(identity)") }
            }
            state.seen.newest[user] = Int64(offset)
            guard state.measures else { return }
            if let last = state.lastAt {
                state.seen.longestOutage = max(state.seen.longestOutage, now.timeIntervalSince(last))
            }
            state.lastAt = now
            let number = Int32(partition)
            if let last = state.lastOf[number] {
                state.seen.slowestPartition = max(state.seen.slowestPartition, now.timeIntervalSince(last))
            }
            state.lastOf[number] = now
        }
    }
}
