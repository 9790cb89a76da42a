private import Synchronization

/// Topics in memory: the internal ones where the broker is embedded, and all of them in the simulation.
///
/// Compacted topics keep the newest record of each key, at its own offset. Safe to use from several threads.
public final class MemoryTopics: Sendable {
    struct Record: Sendable {
        var offset: Int64
        var key: [UInt8]?
        var value: [UInt8]?
    }

    struct Place: Hashable, Sendable {
        var topic: LogTopic
        var partition: Int32
    }

    private struct Partition: Sendable {
        var records: [Record] = []
        var end: Int64 = 0
        var live: [[UInt8]: Int] = [:]
    }

    private let partitions = Mutex<[Place: Partition]>([:])

    public init() {}

    /// Appends a record at the partition's end; one without a value is its key's tombstone.
    public func append(_ topic: LogTopic, _ partition: Int32, key: [UInt8]?, value: [UInt8]?) {
        partitions.withLock { all in
            var place = all.removeValue(forKey: Place(topic: topic, partition: partition)) ?? Partition()
            let isCompacted = topic != .itemLog
            if isCompacted, let key {
                place.live[key] = place.records.count
            }
            place.records.append(Record(offset: place.end, key: key, value: value))
            place.end += 1
            if isCompacted, place.records.count > 1024, place.records.count > place.live.count * 2 {
                Self.compact(&place)
            }
            all[Place(topic: topic, partition: partition)] = place
        }
    }

    /// Deletes a topic: it begins anew.
    func removeAll(_ topic: LogTopic) {
        partitions.withLock { all in all = all.filter { $0.key.topic != topic } }
    }

    private static func compact(_ place: inout Partition) {
        var kept: [Record] = []
        for (index, record) in place.records.enumerated() {
            guard let key = record.key, place.live[key] == index else { continue }
            if record.value == nil {
                place.live[key] = nil
            } else {
                place.live[key] = kept.count
                kept.append(record)
            }
        }
        place.records = kept
    }

    /// Up to `max` records from an offset on, and the end of the partition.
    func read(_ topic: LogTopic, _ partition: Int32, from: Int64, max: Int) -> (records: [Record], end: Int64) {
        partitions.withLock { all in
            guard let place = all[Place(topic: topic, partition: partition)] else { return ([], 0) }
            var low = 0
            var high = place.records.count
            while low < high {
                let middle = (low + high) / 2
                if place.records[middle].offset < from { low = middle + 1 } else { high = middle }
            }
            return (Array(place.records[low..<min(low + max, place.records.count)]), place.end)
        }
    }
}

/// Reads a partition in memory.
public final class MemoryReader: LogReader {
    private let topics: MemoryTopics
    private let topic: LogTopic
    private let partition: Int32
    public private(set) var position: Int64

    /// - Parameter offset: where to begin; −n begins n offsets before the present end.
    public init(_ topics: MemoryTopics, _ topic: LogTopic, _ partition: Int32, from offset: Int64) {
        self.topics = topics
        self.topic = topic
        self.partition = partition
        position = offset < 0 ? max(0, topics.read(topic, partition, from: .max, max: 0).end + offset) : offset
    }

    public func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        let (records, end) = topics.read(topic, partition, from: position, max: max)
        for found in records {
            withBytes(found.key) { key in
                withBytes(found.value) { value in
                    let delivered = LogRecord(
                        topic: topic, partition: partition, offset: found.offset, timestamp: -1, key: key, value: value)
                    record(delivered)
                }
            }
            position = found.offset + 1
        }
        guard records.count < max else { return false }
        position = Swift.max(position, end)
        return true
    }

    /// What was compacted away is not gone: later records stand for it.
    public func offsets() throws(LogError) -> Range<Int64> {
        0..<topics.read(topic, partition, from: .max, max: 0).end
    }

    private func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
}
