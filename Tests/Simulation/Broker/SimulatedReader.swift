import Pipeline

/// Reads a partition beside the group: committed records, in pieces, and the end once each time it is met.
final class SimulatedReader: LogReader {
    private let log: SimulatedLog
    private let place: Place
    private(set) var position: Int64
    private var saidEnd: Int64 = -1

    init(_ log: SimulatedLog, _ place: Place, from offset: Int64) {
        self.log = log
        self.place = place
        position = offset < 0 ? max(0, log.broker.partition(place).stableEnd + offset) : offset
    }

    func offsets() throws(LogError) -> Range<Int64> {
        try log.mayFail()
        let partition = log.broker.partition(place)
        return partition.low..<max(partition.low, partition.stableEnd)
    }

    func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        try log.mayFail()
        let partition = log.broker.partition(place)
        let stable = partition.stableEnd
        let most = min(max, log.random.pick([1, 2, 5, 50, 1000]))
        var delivered = 0
        var index = partition.index(of: position)
        while index < partition.records.count, delivered < most {
            let found = partition.records[index]
            guard found.offset < stable else { break }
            if partition.isVisible(found) {
                found.deliver(topic: place.topic, partition: place.partition, to: record)
                delivered += 1
            }
            position = found.offset + 1
            index += 1
        }
        if delivered > 0, log.random.chance(log.rates.brokenRead) {
            throw LogError(.retriable, "simulated end of a connection")
        }
        if delivered < most || position >= stable { position = Swift.max(position, stable) }
        guard position >= stable, saidEnd != stable, delivered == 0 || log.random.chance(0.7) else { return false }
        saidEnd = stable
        return true
    }
}

extension StoredRecord {
    /// Hands the record over with its bytes, which are valid during the call.
    func deliver(topic: LogTopic, partition: Int32, to body: (borrowing LogRecord) -> Void) {
        withExtendedLifetime(self) {
            Self.withBytes(key) { key in
                Self.withBytes(value) { value in
                    body(
                        LogRecord(
                            topic: topic, partition: partition, offset: offset, timestamp: timestamp, key: key,
                            value: value, handle: UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque()),
                            readHeaders: readStoredHeaders))
                }
            }
        }
    }

    static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
}

private let readStoredHeaders: @Sendable (UnsafeRawPointer) -> [RecordHeader] = { handle in
    Unmanaged<StoredRecord>.fromOpaque(handle).takeUnretainedValue().headers
}
