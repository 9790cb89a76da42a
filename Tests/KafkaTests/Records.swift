import Kafka

/// A record copied out of a batch, so that it can be compared and outlive it.
struct Record: Hashable, Sendable, CustomStringConvertible {
    let place: TopicPartition
    let offset: Int64
    let key: String?
    let value: String?

    init(_ message: Message, in batch: MessageBatch) {
        place = TopicPartition(batch.topicNames[message.topic], message.partition)
        offset = message.offset
        key = message.key.map { String(decoding: $0, as: UTF8.self) }
        value = message.value.map { String(decoding: $0, as: UTF8.self) }
    }

    var description: String { "\(place)@\(offset) \(key ?? "nil")=\(value ?? "nil")" }
}

extension Polled {
    var records: [Record] { messages.map { Record($0, in: messages) } }
}

extension Producer {
    /// Sends one text record and insists that the queue has room.
    func send(
        _ topic: String, _ partition: Int32? = nil, key: String? = nil, value: String?, headers: [MessageHeader] = [],
        timestamp: Int64? = nil, tag: UInt64 = 0
    ) throws {
        let handle = self.topic(topic)
        let sent = try withBytes(of: key) { key in
            try withBytes(of: value) { value in
                try self.send(
                    handle, partition: partition, key: key, value: value, headers: headers,
                    timestampMilliseconds: timestamp, tag: tag)
            }
        }
        guard sent == .queued else { throw Overdue(what: "room in the queue") }
    }
}

private func withBytes<Result>(
    of text: String?, _ body: (UnsafeRawBufferPointer?) throws -> Result
) throws -> Result {
    guard let text else { return try body(nil) }
    return try Array(text.utf8).withUnsafeBytes { try body($0) }
}

extension PartitionReader {
    /// All records from these offsets up to the ends of their partitions.
    func readToEnd(_ offsets: [PartitionOffset], seconds: Double = 20) throws -> [Record] {
        try assign(offsets)
        var waiting = Set(offsets.map(\.place))
        var records: [Record] = []
        let deadline = Deadline(seconds: seconds)
        while !waiting.isEmpty {
            if deadline.isOver { throw Overdue(what: "ends of \(waiting)") }
            let polled = poll(max: 1_000, timeoutMilliseconds: 200)
            records += polled.records
            for event in polled.events {
                switch event {
                case .endOfPartition(let end): waiting.remove(end.place)
                case .partitionFailed(_, let error): throw error
                case .failed(let error) where !error.isRetriable: throw error
                default: break
                }
            }
        }
        return records
    }
}
