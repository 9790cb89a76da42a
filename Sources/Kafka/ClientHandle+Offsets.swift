internal import CRdKafka
internal import Foundation

/// A partition's first offset and the one behind its last record.
public struct Watermarks: Sendable, Hashable {
    /// The first offset that still exists.
    public let low: Int64
    /// The offset that a reader at the end waits for: with `isolation.level=read_committed` the last stable offset,
    /// else the high watermark. The record before it may be a control marker that no reader is shown.
    public let high: Int64
}

// Shared by both kinds of consumer.
extension ClientHandle {
    /// Asks again, within the time, where the partition has no leader yet, or the leader does not know of it, as just after
    /// the topic was made: librdkafka does not.
    func watermarks(_ place: TopicPartition, timeoutMilliseconds: Int32) throws(KafkaError) -> Watermarks {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        while true {
            var low: Int64 = 0
            var high: Int64 = 0
            do throws(KafkaError) {
                try KafkaError.check(
                    rd_kafka_query_watermark_offsets(
                        raw, place.topic, place.partition, &low, &high, timeoutMilliseconds))
                return Watermarks(low: low, high: high)
            } catch {
                guard KafkaError.Code.leaderless.contains(error.code), ContinuousClock.now < deadline else {
                    throw error
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
    }

    /// Seeks again, within the time, where librdkafka has given up: 2.0.2 does so after a fraction of the time that it is
    /// given, and under load a seek takes longer. Seeks are carried out in their order, so that after one that was
    /// confirmed none comes late.
    func seek(_ offsets: [PartitionOffset], timeoutMilliseconds: Int32) throws(KafkaError) {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        while true {
            let list = PartitionList(offsets)
            do throws(KafkaError) {
                try KafkaError.check(consuming: rd_kafka_seek_partitions(raw, list.raw, timeoutMilliseconds))
                return try list.checkEach()
            } catch {
                guard error.code == .timedOut, ContinuousClock.now < deadline else { throw error }
            }
        }
    }

    func offsets(
        atMilliseconds times: [PartitionOffset], timeoutMilliseconds: Int32
    ) throws(KafkaError) -> [PartitionOffset] {
        let list = PartitionList(times)
        try KafkaError.check(rd_kafka_offsets_for_times(raw, list.raw, timeoutMilliseconds))
        try list.checkEach()
        return list.offsets
    }

    func position(_ partitions: [TopicPartition]) throws(KafkaError) -> [PartitionOffset] {
        let list = PartitionList(partitions)
        try KafkaError.check(rd_kafka_position(raw, list.raw))
        try list.checkEach()
        return list.offsets
    }
}
