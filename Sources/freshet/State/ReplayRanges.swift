import Events
import Foundation
import Kafka
import Pipeline
import ServiceKit

/// What a replay reads of each partition of the events topic.
struct ReplayRanges {
    private let topic: String
    private let log: KafkaStateLog
    private let base: StateFileReader?

    /// - Throws: where the base is not of this topic.
    init(_ deployment: Deployment, _ log: KafkaStateLog, _ base: StateFileReader?) throws {
        topic = deployment.topics.events
        self.log = log
        self.base = base
        guard let base, Set(base.positions.keys) != Set(log.partitionNumbers) else { return }
        throw CommandFailure(
            "the base is of a topic with \(HumanFormat.counted(base.positions.count, "partition")), "
                + "\(topic) has \(log.partitionCount)",
            remedy: "take a base of this deployment", exitCode: 65)
    }

    /// From offsets, times, or the base, to offsets, times, or the present end; and the partitions with events of which none
    /// lies between.
    ///
    /// - Throws: where that is all of them: the rebuilt state would be empty.
    func ranges(from start: Bound?, until end: Bound?) throws -> (ranges: [Replay.Range], leftOut: [Int32]) {
        var leftOut: [Int32] = []
        var bounds: [String] = []
        var takesSome = base != nil
        let ranges = try log.partitionNumbers.map { partition in
            let (low, high) = try log.bounds(partition)
            // Offsets that this partition does not have stand for its beginning and its end.
            func clamped(_ offset: Int64) -> Int64 { min(max(offset, low), high) }
            let from = clamped(try start.map { try offset($0.place, partition) } ?? begin(partition, (low, high)))
            let until = clamped(try end.map { try offset($0.place, partition) } ?? high)
            if until > from {
                takesSome = true
            } else if base == nil, high > low {
                leftOut.append(partition)
                bounds.append("partition \(partition): \(low) to \(high)")
            }
            return Replay.Range(partition: partition, from: from, end: max(from, until))
        }
        guard takesSome || leftOut.isEmpty else {
            let asked = [start.map { "from \($0.text)" }, end.map { "until \($0.text)" }].compactMap(\.self).joined(
                separator: " ")
            throw UsageError(
                "there is nothing to replay \(asked): \(topic) has the offsets \(bounds.joined(separator: ", "))")
        }
        return (ranges, leftOut)
    }

    /// From the beginning, or the base, to given offsets.
    func ranges(until ends: [Int32: Int64]) throws -> [Replay.Range] {
        try ends.map { partition, end in
            let from = try begin(partition, try log.bounds(partition))
            guard from <= end else {
                throw CommandFailure(
                    "the base holds partition \(partition) up to \(from), what is stored only up to \(end)",
                    remedy: "take an older base", exitCode: 65)
            }
            return .init(partition: partition, from: from, end: end)
        }
    }

    /// Where the base ends, else the log's start.
    private func begin(_ partition: Int32, _ bounds: (low: Int64, end: Int64)) throws -> Int64 {
        guard let from = base?.positions[partition] else { return bounds.low }
        guard from >= bounds.low else {
            throw CommandFailure(
                "the base ends at offset \(from) of partition \(partition), and \(topic) begins at \(bounds.low) there: "
                    + "the events between them have expired",
                remedy: "take a newer base, or replay without one what is left", exitCode: 65)
        }
        guard from <= bounds.end else {
            throw CommandFailure(
                "the base ends at offset \(from) of partition \(partition), and \(topic) ends at \(bounds.end): the "
                    + "topic was made anew, or is another one",
                remedy: "take a base of this deployment", exitCode: 65)
        }
        return from
    }

    /// A place in every partition, as --from and --until name it.
    struct Bound {
        let text: String
        let place: Place

        init(_ text: String) throws {
            self.text = text
            place = try Place(text)
        }
    }

    enum Place {
        case offset(Int64)
        /// ms since 1970.
        case time(Int64)

        init(_ text: String) throws {
            if let offset = Int64(text) {
                guard offset >= 0 else { throw UsageError("'\(text)' is no offset: they begin at 0") }
                self = .offset(offset)
                return
            }
            var copy = text
            guard let time = copy.withUTF8({ EventTime.milliseconds(UnsafeRawBufferPointer($0)) }) else {
                throw UsageError("'\(text)' is neither an offset nor a time such as 2026-01-31T12:00:00Z")
            }
            self = .time(time)
        }
    }

    /// An offset, or the first one at or after a time.
    private func offset(_ place: Place, _ partition: Int32) throws -> Int64 {
        switch place {
        case .offset(let offset): offset
        case .time(let time): try log.offset(partition, atMilliseconds: time)
        }
    }
}
