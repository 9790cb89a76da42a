internal import CRdKafka
internal import Dispatch
internal import Synchronization

/// Sends records: plain, idempotent (the default), or in transactions (with `transactional.id`).
///
/// ``send(_:partition:key:value:headers:timestampMilliseconds:tag:)`` may be called from several threads at once, and so may
/// ``poll(timeoutMilliseconds:)`` and ``flush(timeoutMilliseconds:)``. The calls of a transaction are made from one
/// thread at a time, which need not be a sender's, as long as nobody sends between `commitTransaction` and the next
/// `beginTransaction`.
///
/// Delivery reports are counted, not delivered one by one: poll now and then, and look at ``outstandingCount`` and
/// ``takeFailure()``.
public final class Producer: @unchecked Sendable {
    /// A topic's handle, which saves finding it by name for every record. Valid as long as its producer.
    public struct Topic: Sendable {
        let handle: SendablePointer
    }

    /// What became of a send.
    public enum Sent: Sendable, Hashable {
        case queued
        /// The queue is full: poll, then send the record again.
        case queueFull
    }

    let client: ClientHandle
    let context: ProducerContext
    private let topics = Mutex<[String: SendablePointer]>([:])
    /// Where ``sendOffsets(_:group:timeoutMilliseconds:)`` calls librdkafka.
    let offsetsQueue = DispatchQueue(label: "freshet.send-offsets")

    /// Connects in the background.
    public init(_ settings: KafkaSettings) throws(KafkaError) {
        context = ProducerContext(settings)
        client = try ClientHandle(
            RD_KAFKA_PRODUCER, settings.defaulting(to: .producerDefaults), context: context)
    }

    /// Whatever is still outstanding is dropped: flush before.
    deinit {
        for handle in topics.withLock({ Array($0.values) }) { rd_kafka_topic_destroy(handle.raw) }
    }

    /// Says that nobody will wait for what this producer is still about.
    func abandon() { client.markStuck() }

    /// The handle of a topic, made once for each name; from any thread. The name must be one that Kafka takes.
    public func topic(_ name: String) -> Topic {
        topics.withLock { topics in
            if let known = topics[name] { return Topic(handle: known) }
            // Nil only for an empty or overlong name.
            let handle = SendablePointer(raw: rd_kafka_topic_new(client.raw, name, nil)!)
            topics[name] = handle
            return Topic(handle: handle)
        }
    }

    /// Queues one record; librdkafka copies the bytes.
    ///
    /// - Parameters:
    ///   - partition: nil lets the partitioner choose by the key (`murmur2_random`: as Java's clients do).
    ///   - key: nil for none, which differs from an empty key.
    ///   - value: nil for a tombstone, which differs from an empty value.
    ///   - timestampMilliseconds: since 1970; nil for now.
    ///   - tag: if not 0, the delivery is recorded for ``takeDeliveries()``.
    /// - Throws: an unknown partition, a record beyond `message.max.bytes`, no transaction under way, a fatal producer.
    public func send(
        _ topic: Topic, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader] = [], timestampMilliseconds: Int64? = nil, tag: UInt64 = 0
    ) throws(KafkaError) -> Sent {
        let list = headers.isEmpty ? nil : MessageHeader.makeList(headers)
        context.outstanding.add(1, ordering: .relaxed)
        let code = freshet_produce(
            client.raw, topic.handle.raw, partition ?? RD_KAFKA_PARTITION_UA, Self.start(key), key?.count ?? 0,
            Self.start(value), value?.count ?? 0, timestampMilliseconds ?? 0, list,
            UnsafeMutableRawPointer(bitPattern: UInt(tag)))
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .queued }
        context.outstanding.subtract(1, ordering: .relaxed)
        if let list { rd_kafka_headers_destroy(list) }
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return .queueFull }
        if code == RD_KAFKA_RESP_ERR__FATAL, let fatalError { throw fatalError }
        let name = rd_kafka_topic_name(topic.handle.raw).map { String(cString: $0) } ?? "?"
        throw KafkaError(code, message: "\(name): \(String(cString: rd_kafka_err2str(code)))")
    }

    /// Serves delivery reports, errors and log lines; returns how many there were.
    @discardableResult
    public func poll(timeoutMilliseconds: Int32) -> Int {
        Int(rd_kafka_poll(client.raw, timeoutMilliseconds))
    }

    /// Sends what waits at once, linger or not, and waits for all reports.
    ///
    /// - Throws: a retriable `_TIMED_OUT` if some are still outstanding. Failed records are no error here: ask
    ///   ``takeFailure()``.
    public func flush(timeoutMilliseconds: Int32) throws(KafkaError) {
        try KafkaError.check(rd_kafka_flush(client.raw, timeoutMilliseconds))
    }

    /// Drops what is queued, and with `inFlight` also what was sent but not answered (which may have been written, or
    /// not). Every dropped record reports a failure at the next poll.
    public func purge(inFlight: Bool) throws(KafkaError) {
        let flags = RD_KAFKA_PURGE_F_QUEUE | (inFlight ? RD_KAFKA_PURGE_F_INFLIGHT : 0)
        try KafkaError.check(rd_kafka_purge(client.raw, flags))
    }

    /// Records that were queued and have not been reported yet.
    public var outstandingCount: Int { context.outstanding.load(ordering: .acquiring) }

    /// Records that were not delivered, since the producer was made.
    public var failureCount: Int { context.failures.load(ordering: .acquiring) }

    /// Why the first record failed since this was asked last.
    public func takeFailure() -> KafkaError? { context.takeFailure() }

    /// The reports of tagged records since this was asked last, in the order in which they came.
    public func takeDeliveries() -> [Delivery] { context.takeDeliveries() }

    /// The error that made this producer unusable, if one did: replace it by a new one (with the same
    /// `transactional.id`), unless it was fenced.
    public var fatalError: KafkaError? { client.fatalError }

    /// librdkafka takes a null pointer for null, whatever the size; an empty buffer may have a null pointer too.
    private static func start(_ bytes: UnsafeRawBufferPointer?) -> UnsafeRawPointer? {
        guard let bytes else { return nil }
        return bytes.baseAddress ?? UnsafeRawPointer(emptyBytes)
    }
}

/// An address for empty keys and values; nothing is ever read from it.
private nonisolated(unsafe) let emptyBytes = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
