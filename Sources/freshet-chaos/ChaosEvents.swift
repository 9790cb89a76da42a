import Kafka

/// The events topic itself, from beginning to end: what there was to learn.
struct ChaosEvents {
    private(set) var count = 0
    /// Events that delete their user, and teach the items nothing.
    private(set) var deletions = 0

    init(_ bootstrap: String) throws {
        let reader = try PartitionReader(["bootstrap.servers": bootstrap, "isolation.level": "read_committed"])
        try reader.assign((0..<Int32(ChaosRun.partitions)).map { PartitionOffset("events", $0, 0) })
        var ended: Set<TopicPartition> = []
        while ended.count < ChaosRun.partitions {
            let polled = reader.poll(max: 5000, timeoutMilliseconds: 1000)
            for message in polled.messages {
                count += 1
                guard let value = message.value else { continue }
                if String(decoding: value, as: UTF8.self).contains("\"user_deleted\"") { deletions += 1 }
            }
            polled.messages.destroy()
            for case .endOfPartition(let end) in polled.events { ended.insert(end.place) }
        }
    }
}
