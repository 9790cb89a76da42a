internal import CRdKafka
internal import Glibc

extension GroupConsumer {
    /// The group's committed offsets, ``PartitionOffset/none`` where there is none. With `read_committed` (the default)
    /// the answer is stable: it waits until no transaction that is still open could change it.
    public func committed(
        _ partitions: [TopicPartition], timeoutMilliseconds: Int32
    ) throws(KafkaError) -> [PartitionOffset] {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        while true {
            let left = Int32(clamping: Int(ContinuousClock.now.duration(to: deadline) / .milliseconds(1)))
            do throws(KafkaError) {
                let list = PartitionList(partitions)
                try KafkaError.check(rd_kafka_committed(client.raw, list.raw, max(1, left)))
                try list.checkEach()
                return list.offsets
            } catch {
                // A coordinator that is just being made, or has moved, is asked again: librdkafka hands that on.
                guard error.isRetriable, left > Self.pauseMilliseconds else { throw error }
                usleep(UInt32(Self.pauseMilliseconds) * 1000)
            }
        }
    }

    private static let pauseMilliseconds: Int32 = 100

    /// Commits offsets (of the next record to read) and waits for the answer.
    public func commit(_ offsets: [PartitionOffset]) throws(KafkaError) {
        let list = PartitionList(offsets)
        try KafkaError.check(rd_kafka_commit(client.raw, list.raw, 0))
        try list.checkEach()
    }

    /// Sends offsets to be committed; ``takeCommitAnswers(timeoutMilliseconds:)`` tells what became of them.
    public func commitLater(_ offsets: [PartitionOffset]) throws(KafkaError) {
        let list = PartitionList(offsets)
        let opaque = Unmanaged<ClientContext>.passUnretained(context).toOpaque()
        try KafkaError.check(rd_kafka_commit_queue(client.raw, list.raw, commits, commitCallback, opaque))
    }

    /// The answers that came since they were last taken; waits for one, at most the time-out, where none has come.
    public func takeCommitAnswers(timeoutMilliseconds: Int32) -> [CommitAnswer] {
        _ = rd_kafka_queue_poll_callback(commits, timeoutMilliseconds)
        return context.takeAnswers()
    }

    /// Where reading goes on: behind the last record or control marker that a poll took, ``PartitionOffset/none`` if
    /// it took none since the assignment.
    public func position(_ partitions: [TopicPartition]) throws(KafkaError) -> [PartitionOffset] {
        try client.position(partitions)
    }

    /// Asks the partition's leader for its first and last offset.
    public func queryWatermarks(
        _ place: TopicPartition, timeoutMilliseconds: Int32
    ) throws(KafkaError) -> Watermarks {
        try client.watermarks(place, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// The first offset at or after a time, a partition each: times (milliseconds since 1970) go in as offsets.
    /// ``PartitionOffset/end`` where no record is as late.
    public func offsets(
        atMilliseconds times: [PartitionOffset], timeoutMilliseconds: Int32
    ) throws(KafkaError) -> [PartitionOffset] {
        try client.offsets(atMilliseconds: times, timeoutMilliseconds: timeoutMilliseconds)
    }
}
