internal import CRdKafka

/// Empties a consumer's queue into batches. Used by one thread at a time.
final class MessagePoller {
    private typealias Raw = UnsafeMutablePointer<rd_kafka_message_t>

    let queue: OpaquePointer
    private let client: ClientHandle
    private let context: ConsumerContext
    private let topics = TopicTable()
    private var buffer: UnsafeMutablePointer<Raw?>
    private var capacity = 1024

    private var waker: FetchWaker

    init(_ client: ClientHandle, _ context: ConsumerContext, _ settings: KafkaSettings) {
        self.client = client
        waker = FetchWaker(settings)
        self.context = context
        // Errors, log lines and the group's events go where the records go, so that one call serves them all.
        rd_kafka_poll_set_consumer(client.raw)
        queue = rd_kafka_queue_get_consumer(client.raw)
        context.setQueue(queue)
        buffer = .allocate(capacity: capacity)
        buffer.initialize(repeating: nil, count: capacity)
    }

    deinit {
        context.setQueue(nil)
        rd_kafka_queue_destroy(queue)
        buffer.deallocate()
    }

    /// Returns as soon as there is anything, and with at most `max` records.
    func poll(max: Int, timeoutMilliseconds: Int32) -> Polled {
        precondition(max > 0)
        if max > capacity { grow(to: max) }
        // librdkafka's batch call waits until the batch is *full* or the time is up. So: take what there is; if there
        // is nothing, wait for one; then take what came with it.
        var count = rd_kafka_consume_batch_queue(queue, 0, buffer, max)
        if count <= 0, timeoutMilliseconds > 0, !context.hasEvents {
            count = rd_kafka_consume_batch_queue(queue, timeoutMilliseconds, buffer, 1)
            if count == 1, max > 1 {
                count += Swift.max(0, rd_kafka_consume_batch_queue(queue, 0, buffer + 1, max - 1))
            }
        }
        return Polled(messages: makeBatch(count), events: context.takeEvents())
    }

    /// Keeps the records and turns the errors among them into events. One pass over them: ten thousand do not fit into
    /// the processor's caches, so each further one would fetch them from memory again.
    private func makeBatch(_ count: Int) -> MessageBatch {
        if count <= 0 { return .empty }
        let messages = UnsafeMutablePointer<Raw>.allocate(capacity: count)
        var kept = 0
        var bytes = 0
        var topic: OpaquePointer?
        for index in 0..<count {
            guard let message = buffer[index] else { continue }
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                context.record(event(of: message))
                rd_kafka_message_destroy(message)
                continue
            }
            (messages + kept).initialize(to: message)
            kept += 1
            bytes += message.pointee.len + message.pointee.key_len
            if message.pointee.rkt != topic {
                // Every topic gets its number before the batch is read, maybe on another thread.
                topic = message.pointee.rkt
                _ = topics.index(of: topic)
            }
        }
        if kept == 0 {
            messages.deallocate()
            return .empty
        }
        waker.wakeIfStalled(client, queue, taken: kept, takenBytes: bytes)
        return MessageBatch(owning: messages, count: kept, topics: topics, client: client)
    }

    private func event(of message: Raw) -> ConsumerEvent {
        let place = message.pointee.rkt.flatMap { handle in
            rd_kafka_topic_name(handle).map { TopicPartition(String(cString: $0), message.pointee.partition) }
        }
        if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF, let place {
            return .endOfPartition(PartitionOffset(place, message.pointee.offset))
        }
        if message.pointee.err == RD_KAFKA_RESP_ERR__FATAL, let error = client.fatalError { return .failed(error) }
        let sentence = rd_kafka_message_errstr(message).map { String(cString: $0) }
        let error = KafkaError(message.pointee.err, message: sentence)
        return place.map { .partitionFailed($0, error) } ?? .failed(error)
    }

    private func grow(to size: Int) {
        buffer.deallocate()
        capacity = size
        buffer = .allocate(capacity: size)
        buffer.initialize(repeating: nil, count: size)
    }
}
