import Events

@testable import Pipeline

/// The topics of a leader who is alone: what it publishes is there at once, and a catalogue with times and headers.
final class LeaderShopLog: LeaderLog, DeadLetterOutput {
    struct Entry {
        var key: [UInt8]?
        var value: [UInt8]?
        var timestamp: Int64 = 0

        init(_ key: String?, _ value: String?, timestamp: Int64 = 0) {
            self.key = key.map { Array($0.utf8) }
            self.value = value.map { Array($0.utf8) }
            self.timestamp = timestamp
        }
    }

    struct Letter: Equatable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [String: String]
    }

    let topics = MemoryTopics()
    var catalogue: [Entry] = []
    private(set) var position: Int64 = 0
    /// What was published to the output topics, in order.
    var rows: [(topic: LogTopic, key: String, value: String)] = []
    private(set) var letters: [Letter] = []
    private var waiting: [Letter] = []
    private var added: [(topic: LogTopic, key: [UInt8]?, value: [UInt8]?)] = []
    var failsToFlush = false

    func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool { true }
    func cataloguePositions() throws(LogError) -> [Int32: Int64] { [0: position] }
    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { [0] }

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        topic == .catalogue ? Reader(self, offset) : MemoryReader(topics, topic, partition, from: offset)
    }

    func add(_ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) {
        added.append((topic, key.map(Array.init), value.map(Array.init)))
    }

    func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError) {
        for record in added {
            if record.topic.isInternal {
                topics.append(record.topic, 0, key: record.key, value: record.value)
            } else {
                rows.append(
                    (
                        record.topic, String(decoding: record.key ?? [], as: UTF8.self),
                        String(decoding: record.value ?? [], as: UTF8.self)
                    ))
            }
        }
        added.removeAll()
        position = catalogue[0] ?? position
    }

    func bytesMax() throws(LogError) -> Int { 1000 }

    func add(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: [(name: String, value: [UInt8]?)]
    ) throws(LogError) {
        let texts = headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }
        waiting.append(
            Letter(
                key: key.map(Array.init), value: value.map(Array.init), headers: Dictionary(texts) { $1 }))
    }

    func flush() throws(LogError) {
        if failsToFlush { throw LogError(.retriable, "the broker is slow") }
        letters += waiting
        waiting.removeAll()
    }

    /// Reads the catalogue.
    private final class Reader: LogReader {
        private let log: LeaderShopLog
        private(set) var position: Int64

        init(_ log: LeaderShopLog, _ position: Int64) {
            self.log = log
            self.position = position
        }

        func firstOffset() throws(LogError) -> Int64 { 0 }

        func read(
            max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
        ) throws(LogError) -> Bool {
            for entry in log.catalogue.dropFirst(Int(position)).prefix(max) {
                Self.withBytes(entry.key) { key in
                    Self.withBytes(entry.value) { value in
                        record(
                            LogRecord(
                                topic: .catalogue, partition: 0, offset: position, timestamp: entry.timestamp, key: key,
                                value: value))
                    }
                }
                position += 1
            }
            return position == Int64(log.catalogue.count)
        }

        private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
            guard let bytes else { return body(nil) }
            bytes.withUnsafeBytes { body($0) }
        }
    }
}
