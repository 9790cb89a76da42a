import Events

@testable import Pipeline

/// The topics of a leader who is alone: what it publishes is there at once, and a catalogue with times and headers.
final class LeaderShopLog: LeaderLog, DeadLetterOutput {
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
    private var waiting: [Letter] = []
    private var added: [(topic: LogTopic, key: [UInt8]?, value: [UInt8]?)] = []
    var failsToFlush = false

    func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool { true }
    func cataloguePositions() throws(LogError) -> [Int32: Int64] { [0: position] }
    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { [0] }

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        topic == .catalogue
            ? ListReader(topic, partition, from: offset) { [unowned self] in catalogue }
            : MemoryReader(topics, topic, partition, from: offset)
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
}
