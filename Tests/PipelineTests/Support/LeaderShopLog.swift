import Events

@testable import Pipeline

/// The topics of a leader who is alone: what it publishes is there at once, and a catalogue with times and headers.
final class LeaderShopLog: LeaderLog {
    struct Letter: Equatable {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [String: String]
    }

    let topics = MemoryTopics()
    var catalogue: [ListReader.Entry] = []
    private(set) var position: Int64 = 0
    /// What was published to the output topics, in order.
    var rows: [(topic: LogTopic, key: String, value: String)] = []
    private(set) var letters: [Letter] = []
    private var added: [(topic: LogTopic, letter: Letter)] = []
    var failsToPublish = false
    /// As where records come and come: no reader of the item log meets its end.
    var hidesEnd = false
    /// As where somebody deletes the topic.
    var catalogueFails = false

    func forgetPosition() { position = 0 }

    func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool { true }
    func cataloguePositions() throws(LogError) -> [Int32: Int64] { [0: position] }
    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { [0] }

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        if topic == .catalogue {
            return ListReader(topic, partition, from: offset, fails: { [unowned self] in catalogueFails }) {
                [unowned self] in catalogue
            }
        }
        let reader = MemoryReader(topics, topic, partition, from: offset)
        return topic == .itemLog && hidesEnd ? EndlessReader(reader) : reader
    }

    private final class EndlessReader: LogReader {
        private let inner: MemoryReader

        init(_ inner: MemoryReader) { self.inner = inner }

        var position: Int64 { inner.position }
        func offsets() throws(LogError) -> Range<Int64> { try inner.offsets() }

        func read(
            max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
        ) throws(LogError) -> Bool {
            _ = try inner.read(max: max, timeoutMilliseconds: timeoutMilliseconds, record: record)
            return false
        }
    }

    func add(_ record: borrowing OutputRecord) {
        let texts = record.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) }
        let letter = Letter(
            key: record.key.map(Array.init), value: record.value.map(Array.init), headers: Dictionary(texts) { $1 })
        added.append((record.topic, letter))
    }

    /// What topics take; dead letters have to be cut sometimes.
    var limits: [LogTopic: Int] = [.deadLetters: 1000]
    func bytesMax(_ topic: LogTopic) throws(LogError) -> Int { limits[topic] ?? .max }

    func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError) {
        if failsToPublish { throw LogError(.retriable, "the broker is slow") }
        for (topic, record) in added {
            if topic.isInternal {
                topics.append(topic, 0, key: record.key, value: record.value)
            } else if topic == .deadLetters {
                letters.append(record)
            } else {
                rows.append(
                    (
                        topic, String(decoding: record.key ?? [], as: UTF8.self),
                        String(decoding: record.value ?? [], as: UTF8.self)
                    ))
            }
        }
        added.removeAll()
        position = catalogue[0] ?? position
    }
}
