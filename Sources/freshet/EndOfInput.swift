import Kafka
import ServiceKit
import Pipeline

/// The topic's end as it was at the start, and whether the group has committed everything up to it.
final class EndOfInput {
    private var ends: [Int32: Int64]
    private var askedAt: UInt64 = 0
    private static let pauseMilliseconds: UInt64 = 200

    init(_ log: KafkaEventLog) throws(LogError) {
        ends = try log.endOffsets()
    }

    /// True when the group has committed the end of every partition and this member has nothing left to do.
    func isReached(_ worker: Worker, _ log: KafkaEventLog) throws(LogError) -> Bool {
        // Before the group has said so, it is not known what this member has to do.
        guard worker.isAssigned, worker.isReady, !worker.hasUncommitted, !worker.isCommitting, !worker.hasPendingWork
        else { return false }
        return try isCommitted(log)
    }

    /// Whether no record below the end waits for this group; asks now and then only.
    func isCommitted(_ log: KafkaEventLog) throws(LogError) -> Bool {
        let now = monotonicMilliseconds()
        guard now - askedAt >= Self.pauseMilliseconds else { return false }
        askedAt = now
        let committed = try log.committedOffsets(Array(ends.keys))
        for partition in ends.keys.sorted() {
            guard let end = ends[partition], end > 0 else { continue }
            let place = committed[partition] ?? 0
            guard place < end else { continue }
            // Markers of transactions take offsets that no record has: a committed offset may stand before them for good.
            guard try isEmpty(partition, from: place, log) else { return false }
            ends[partition] = place
        }
        return true
    }

    private func isEmpty(_ partition: Int32, from offset: Int64, _ log: KafkaEventLog) throws(LogError) -> Bool {
        let reader = try log.reader(.events, partition: partition, from: offset)
        var records = 0
        for _ in 0..<20 {
            let isAtEnd = try reader.read(max: 1, timeoutMilliseconds: 100) { _ in records += 1 }
            if records > 0 { return false }
            if isAtEnd { return true }
        }
        return false
    }
}
