internal import CRdKafka

/// The records that one poll returned, still in librdkafka's memory, which goes back when the batch does (or at once
/// with ``destroy()``).
///
/// Offsets rise within a partition; partitions follow one another in runs. A batch may be handed to another thread,
/// and read by several; it must not be destroyed while one of them reads. Iterating allocates nothing.
public final class MessageBatch: @unchecked Sendable {
    typealias Raw = UnsafeMutablePointer<rd_kafka_message_t>

    /// Names for ``Message/topic``. The list only grows during a consumer's life, so indices can be kept.
    public let topicNames: [String]
    /// How many records it holds: none after ``destroy()``.
    public private(set) var count: Int

    private var messages: UnsafeMutablePointer<Raw>?
    private let topics: TopicTable?
    /// Messages are returned to their client, so it has to outlive them.
    private let client: ClientHandle?

    /// What a poll returns when nothing came.
    static let empty = MessageBatch()

    private init() {
        (topicNames, count, messages, topics, client) = ([], 0, nil, nil, nil)
    }

    /// Takes over an array of messages, none of which is an error, and whose topics are all known.
    init(owning messages: UnsafeMutablePointer<Raw>, count: Int, topics: TopicTable, client: ClientHandle) {
        (self.messages, self.count, self.topics, self.client) = (messages, count, topics, client)
        topicNames = topics.names
    }

    deinit {
        destroy()
    }

    public var isEmpty: Bool { count == 0 }

    /// Gives the memory back now. No message of this batch may be touched afterwards; calling again does nothing.
    public func destroy() {
        guard let messages else { return }
        for index in 0..<count { rd_kafka_message_destroy(messages[index]) }
        messages.deallocate()
        self.messages = nil
        count = 0
    }

    /// A record by its place; traps outside the batch.
    public subscript(index: Int) -> Message {
        precondition(index >= 0 && index < count)
        let message = messages![index]
        return Message(message, topic: topics!.index(of: message.pointee.rkt))
    }
}

extension MessageBatch: Sequence {
    /// Goes through the records in their order, and keeps the batch.
    public struct Iterator: IteratorProtocol {
        private let batch: MessageBatch
        // Copies of the batch's own fields, since reading those through the reference costs a check of exclusive access.
        private var position: UnsafeMutablePointer<Raw>?
        private let end: UnsafeMutablePointer<Raw>?
        // Records come in runs of one topic, so that looking at the last one's handle nearly always suffices.
        private var handle: OpaquePointer?
        private var topic = 0

        init(_ batch: MessageBatch) {
            self.batch = batch
            position = batch.messages
            end = batch.messages.map { $0 + batch.count }
        }

        public mutating func next() -> Message? {
            guard let position, position != end else { return nil }
            self.position = position + 1
            let raw = position.pointee
            if raw.pointee.rkt != handle {
                handle = raw.pointee.rkt
                topic = batch.topics!.index(of: raw.pointee.rkt)
            }
            return Message(raw, topic: topic)
        }
    }

    public func makeIterator() -> Iterator {
        Iterator(self)
    }

    public var underestimatedCount: Int { count }
}
