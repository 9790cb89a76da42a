public import Pipeline

/// Reads topics beside any group.
public final class KafkaTopicReading: TopicReading {
    private let settings: KafkaEventLog.Settings
    private let pool: ReaderPool
    /// Made when it is first needed: whoever asks for partitions asks again.
    private var admin: Admin?

    public init(_ settings: KafkaEventLog.Settings) {
        self.settings = settings
        pool = ReaderPool(settings.reading)
    }

    public func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        if topic.isInternal, let memory = settings.memory {
            return MemoryReader(memory, topic, partition, from: offset)
        }
        return try KafkaLogReader(pool, topic, settings.topics[topic], partition, from: offset)
    }

    public func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] {
        // The users topic has the partitions of the events topic, also where it lives in memory.
        let name = topic == .users && settings.memory != nil ? settings.topics.events : settings.topics[topic]
        do throws(KafkaError) {
            if admin == nil { admin = try Admin(settings.client) }
            return try admin?.describeTopic(name)?.partitions.map(\.number).sorted() ?? []
        } catch {
            throw LogError(error, doing: "asking for the partitions of \(name)")
        }
    }
}
