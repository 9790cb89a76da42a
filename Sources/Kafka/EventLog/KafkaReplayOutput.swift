public import Pipeline

/// Writes what a replay rebuilt, and moves the group there.
public final class KafkaReplayOutput: ReplayOutput {
    private let settings: KafkaEventLog.Settings
    private let producer: Producer
    private let admin: Admin

    public init(_ settings: KafkaEventLog.Settings) throws(LogError) {
        self.settings = settings
        do throws(KafkaError) {
            var producing = settings.client
            producing["linger.ms"] = "20"
            producing["message.max.bytes"] = producing["message.max.bytes"] ?? "8000000"
            producer = try Producer(producing)
            admin = try Admin(settings.client)
        } catch {
            throw LogError(error, doing: "connecting")
        }
    }

    /// Members of the group that are active: a replay must not write beside them.
    public func activeMembers() throws(LogError) -> Int {
        do throws(KafkaError) {
            guard try admin.listGroups().contains(settings.topics.application) else { return 0 }
            return try admin.describeGroup(settings.topics.application).members.count
        } catch {
            throw LogError(error, doing: "asking for the members of \(settings.topics.application)")
        }
    }

    public func add(
        _ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) throws(LogError) {
        try producer.sendWaiting(
            producer.topic(settings.topics[topic]), partition: partition, key: key, value: value, headers: [], tag: 0)
    }

    public func flush() throws(LogError) {
        do throws(KafkaError) {
            try producer.flush(timeoutMilliseconds: 120_000)
            if let error = producer.takeFailure() { throw error }
        } catch {
            throw LogError(error, doing: "writing the rebuilt state")
        }
    }

    public func setOffsets(_ offsets: [Int32: Int64]) throws(LogError) {
        let places = offsets.keys.sorted().map { PartitionOffset(settings.topics.events, $0, offsets[$0] ?? 0) }
        do throws(KafkaError) { try admin.setGroupOffsets(settings.topics.application, places) } catch {
            throw LogError(error, doing: "moving the group \(settings.topics.application)")
        }
    }

    public func itemLogEnd() throws(LogError) -> Int64 { try end(.itemLog, 0) }

    /// Whether a topic of state holds records that a rebuilt state would mix with.
    public func holdsRecords(_ topic: LogTopic) throws(LogError) -> Bool {
        for partition in try KafkaTopicReading(settings).partitions(topic) where try end(topic, partition) > 0 {
            return true
        }
        return false
    }

    private func end(_ topic: LogTopic, _ partition: Int32) throws(LogError) -> Int64 {
        do throws(KafkaError) {
            let reader = try PartitionReader(settings.reading)
            return try reader.queryWatermarks(
                TopicPartition(settings.topics[topic], partition), timeoutMilliseconds: 10_000
            ).high
        } catch {
            throw LogError(error, doing: "asking for the end of \(settings.topics[topic])")
        }
    }
}
