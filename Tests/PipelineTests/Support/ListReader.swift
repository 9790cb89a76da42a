import Events

@testable import Pipeline

/// Reads records with times and headers from a list that may grow meanwhile.
final class ListReader: LogReader {
    struct Entry {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestamp: Int64 = 0
        var headers: [RecordHeader] = []

        init(
            _ key: String?, _ value: String?, timestamp: Int64 = 0, headers: [RecordHeader] = []
        ) {
            self.key = key.map { Array($0.utf8) }
            self.value = value.map { Array($0.utf8) }
            self.timestamp = timestamp
            self.headers = headers
        }
    }

    private let topic: LogTopic
    private let partition: Int32
    private let fails: () -> Bool
    private let entries: () -> [Entry]
    private(set) var position: Int64

    init(
        _ topic: LogTopic, _ partition: Int32, from offset: Int64, fails: @escaping () -> Bool = { false },
        _ entries: @escaping () -> [Entry]
    ) {
        self.fails = fails
        self.topic = topic
        self.partition = partition
        self.entries = entries
        position = offset
    }

    func offsets() throws(LogError) -> Range<Int64> { 0..<Int64(entries().count) }

    func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        if fails() { throw LogError(.fatal, "there is no such topic") }
        let entries = entries()
        for entry in entries.dropFirst(Int(position)).prefix(max) {
            Self.withBytes(entry.key) { key in
                Self.withBytes(entry.value) { value in
                    withUnsafePointer(to: entry.headers) { headers in
                        record(
                            LogRecord(
                                topic: topic, partition: partition, offset: position, timestamp: entry.timestamp,
                                key: key, value: value, handle: UnsafeRawPointer(headers),
                                readHeaders: { $0.assumingMemoryBound(to: [RecordHeader].self).pointee }))
                    }
                }
            }
            position += 1
        }
        return position == Int64(entries.count)
    }

    private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
}
