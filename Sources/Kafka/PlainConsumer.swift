internal import CRdKafka

/// librdkafka's own loop, a message a call, with its own defaults and nothing of ours in it: what our way of reading is
/// measured against.
public final class PlainConsumer {
    private let client: ClientHandle

    public init(_ settings: KafkaSettings) throws(KafkaError) {
        client = try ClientHandle(
            RD_KAFKA_CONSUMER, settings.merging(["enable.partition.eof": "true", "enable.auto.commit": "false"]),
            context: ClientContext(settings))
        rd_kafka_poll_set_consumer(client.raw)
    }

    /// Reads a partition from an offset to its present end, and drops what it gets.
    /// - Returns: how many records there were.
    /// - Throws: where none comes for ten seconds.
    public func count(from start: PartitionOffset) throws(KafkaError) -> Int {
        let list = PartitionList([start])
        try KafkaError.check(rd_kafka_assign(client.raw, list.raw))
        var records = 0
        while true {
            guard let message = rd_kafka_consumer_poll(client.raw, 10_000) else {
                throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
            }
            defer { rd_kafka_message_destroy(message) }
            if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF { return records }
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR { records += 1 }
        }
    }
}
