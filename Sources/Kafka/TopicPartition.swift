/// One partition of a topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let topic: String
    public let partition: Int32

    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }

    public var description: String { "\(topic)[\(partition)]" }
}

/// A place in a partition: the offset of the next record to read, or one of the logical places below.
public struct PartitionOffset: Hashable, Sendable, CustomStringConvertible {
    /// The first record that the partition still has.
    public static let beginning: Int64 = -2
    /// So many offsets before the partition's end (RD_KAFKA_OFFSET_TAIL).
    public static func tail(_ count: Int64) -> Int64 { -2000 - count }
    /// Behind the last record.
    public static let end: Int64 = -1
    /// The group's committed offset.
    public static let stored: Int64 = -1000
    /// No offset: what an uncommitted partition or an unread position says.
    public static let none: Int64 = -1001

    public let place: TopicPartition
    public let offset: Int64

    public init(_ place: TopicPartition, _ offset: Int64) {
        self.place = place
        self.offset = offset
    }

    public init(_ topic: String, _ partition: Int32, _ offset: Int64) {
        self.init(TopicPartition(topic, partition), offset)
    }

    public var description: String { "\(place)@\(offset)" }
}
