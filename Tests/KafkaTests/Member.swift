import Foundation
import Kafka
import Synchronization

/// A group member on a thread of its own that answers the group's events at once, and keeps what it saw.
final class Member: Sendable {
    struct Seen: Sendable {
        var records: [Record] = []
        var events: [ConsumerEvent] = []
        var owned: Set<TopicPartition> = []
        var error: (any Error)?
    }

    let consumer: GroupConsumer
    private let seen = Mutex(Seen())
    private let isStopped = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)

    init(_ settings: KafkaSettings, topics: [String], start: Int64 = PartitionOffset.beginning) throws {
        consumer = try GroupConsumer(settings)
        try consumer.subscribe(to: topics)
        // Not by a task: Swift's few cooperative threads may all be busy with other tests for longer than anyone waits here.
        Thread.detachNewThread { [self] in run(start: start) }
    }

    var now: Seen { seen.withLock { $0 } }

    /// Waits until what was seen satisfies the condition.
    func wait(_ what: String, seconds: Double = 25, until condition: (Seen) -> Bool) throws {
        let deadline = Deadline(seconds: seconds)
        while !condition(now) {
            if let error = now.error { throw error }
            if deadline.isOver { throw Overdue(what: "\(what): \(now.owned) \(now.events)") }
            pause(milliseconds: 10)
        }
    }

    /// Stops polling, without leaving the group.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        consumer.wake()
        while !hasEnded.load(ordering: .acquiring) { pause(milliseconds: 5) }
    }

    @discardableResult
    func close() -> Bool {
        stop()
        return consumer.close(timeoutMilliseconds: 10_000)
    }

    private func run(start: Int64) {
        defer { hasEnded.store(true, ordering: .releasing) }
        do {
            while !isStopped.load(ordering: .acquiring) {
                let polled = consumer.poll(max: 500, timeoutMilliseconds: 100)
                let records = polled.records
                seen.withLock { $0.records += records }
                for event in polled.events { try answer(event, start: start) }
            }
        } catch {
            seen.withLock { $0.error = error }
        }
    }

    private func answer(_ event: ConsumerEvent, start: Int64) throws {
        switch event {
        case .assigned(let partitions):
            try consumer.completeAssignment(partitions.map { PartitionOffset($0, start) })
            seen.withLock { $0.owned.formUnion(partitions) }
        case .revoked(let partitions), .lost(let partitions):
            try consumer.completeRevocation()
            seen.withLock { $0.owned.subtract(partitions) }
        default: break
        }
        seen.withLock { $0.events.append(event) }
    }
}
