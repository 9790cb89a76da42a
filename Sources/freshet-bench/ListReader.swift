import Foundation
import Kafka
import Pipeline
import Synchronization

/// A consumer of the lists on a thread of its own: it notes when the first list came that names an event as its newest.
final class ListReader: Sendable {
    enum Isolation: String, CaseIterable {
        case uncommitted = "read_uncommitted"
        case committed = "read_committed"
    }

    private let reader: PartitionReader
    private let arrivals = Mutex<[EventLoad.Place: Double]>([:])
    private let latest = Mutex(0.0)
    private let isStopped = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Reads what comes from now on.
    init(_ shop: BenchmarkShop, _ isolation: Isolation) throws {
        reader = try PartitionReader(
            shop.client.merging([
                "isolation.level": "\(isolation.rawValue)", "fetch.wait.max.ms": "100", "enable.partition.eof": "false",
            ]))
        let name = shop.topics.recommendations
        // By number: "the end" would be wherever it is when the reader's first question arrives.
        let places = (0..<shop.partitions).map { TopicPartition(name, $0) }
        try reader.assign(
            try places.map { PartitionOffset($0, try reader.queryWatermarks($0, timeoutMilliseconds: 10_000).high) })
        Thread.detachNewThread { [self] in
            while !isStopped.load(ordering: .relaxed) { read() }
            hasEnded.signal()
        }
    }

    private func read() {
        let polled = reader.poll(max: 1000, timeoutMilliseconds: 50)
        defer { polled.messages.destroy() }
        guard !polled.messages.isEmpty else { return }
        let now = BenchmarkClock.now
        latest.withLock { $0 = now }
        arrivals.withLock { arrivals in
            for message in polled.messages {
                guard let list = message.value, let place = Self.newestEvent(of: list) else { continue }
                if arrivals[place] == nil { arrivals[place] = now }
            }
        }
    }

    /// Whether a list came at all.
    var hasList: Bool { latest.withLock { $0 > 0 } }

    /// Waits until nothing has come for a while.
    ///
    /// - Returns: when the first list of each event came.
    func end(quietSeconds: Double = 1.5) -> [EventLoad.Place: Double] {
        let began = BenchmarkClock.now
        while BenchmarkClock.now - max(began, latest.withLock { $0 }) < quietSeconds { usleep(50_000) }
        isStopped.store(true, ordering: .relaxed)
        hasEnded.wait()
        return arrivals.withLock { $0 }
    }

    /// The event that a list's provenance names.
    private static func newestEvent(of list: UnsafeRawBufferPointer) -> EventLoad.Place? {
        guard let partition = number(after: "\"partition\":", in: list),
            let offset = number(after: "\"offset\":", in: list)
        else { return nil }
        return EventLoad.Place(partition: Int32(partition), offset: Int64(offset))
    }

    /// The number behind a label's last occurrence: the provenance stands at a list's end.
    private static func number(after label: StaticString, in text: UnsafeRawBufferPointer) -> Int? {
        let length = label.utf8CodeUnitCount
        guard let start = text.baseAddress, text.count > length else { return nil }
        var at = text.count - length
        while at >= 0, memcmp(start + at, label.utf8Start, length) != 0 { at -= 1 }
        guard at >= 0 else { return nil }
        at += length
        var value = 0
        while at < text.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = text[at] {
            value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
            at += 1
        }
        return value
    }
}
