/// What a consumer has to say besides records.
public enum ConsumerEvent: Sendable, Hashable {
    /// The group gave these partitions to this member (maybe none: then nothing changed). Answer with
    /// ``GroupConsumer/completeAssignment(_:paused:)``.
    case assigned([TopicPartition])
    /// The group wants these partitions back. They are still ours: finish, flush and commit, then answer with
    /// ``GroupConsumer/completeRevocation()``.
    case revoked([TopicPartition])
    /// These partitions are gone, and another member may have them already: drop what is unfinished, commit nothing,
    /// then answer with ``GroupConsumer/completeRevocation()``.
    case lost([TopicPartition])
    /// Everything up to this offset was read (with `enable.partition.eof`). It comes again after further records.
    case endOfPartition(PartitionOffset)
    /// A partition cannot be read at the moment, or ever.
    case partitionFailed(TopicPartition, KafkaError)
    /// Anything else, such as all brokers being down. Most pass by themselves; a fatal one does not.
    case failed(KafkaError)
}

/// What became of an asynchronous commit.
public struct CommitAnswer: Sendable, Hashable {
    /// What was to be committed.
    public let offsets: [PartitionOffset]
    /// Nil where they are committed.
    public let error: KafkaError?

    public init(offsets: [PartitionOffset], error: KafkaError?) {
        self.offsets = offsets
        self.error = error
    }
}

/// What one poll returned: records first, then events. Records of a revoked partition come in the same poll at the
/// latest, and none of any partition come after it until the event is answered.
public struct Polled: Sendable {
    public let messages: MessageBatch
    public let events: [ConsumerEvent]

    public var isEmpty: Bool { messages.isEmpty && events.isEmpty }
}
