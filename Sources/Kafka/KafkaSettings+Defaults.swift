/// What each kind of client uses where its settings say nothing, and why. Anything here can be overridden.
extension KafkaSettings {
    /// For every client.
    ///
    /// - `socket.nagle.disable=true`: small requests (commits, offsets, linger-0 records) must not wait 40 ms for
    ///   the peer's delayed acknowledgement.
    /// - `topic.metadata.refresh.fast.interval.ms=100`: a topic that was created a moment ago is found soon.
    /// - `reconnect.backoff.max.ms=2000`: after an outage, 10 s of waiting would dominate the recovery.
    public static let clientDefaults: KafkaSettings = [
        "socket.nagle.disable": "true",
        "topic.metadata.refresh.fast.interval.ms": "100",
        "reconnect.backoff.max.ms": "2000",
    ]

    /// For ``GroupConsumer`` and ``PartitionReader``.
    ///
    /// - `enable.auto.commit=false`, `enable.auto.offset.store=false`: offsets are committed with the state, never by a
    ///   timer.
    /// - `auto.offset.reset=error`: an offset that is gone is reported, never skipped silently.
    /// - `isolation.level=read_committed`: aborted records must not be seen.
    /// - `fetch.wait.max.ms=100`: with `fetch.min.bytes=1` a broker answers as soon as there is a record, so this does
    ///   not delay records. But one request serves all of a broker's partitions, and a partition that is assigned,
    ///   resumed or sought meanwhile waits for it: 500 ms by librdkafka's default.
    /// - `fetch.error.backoff.ms=50`: how soon a partition is tried again after a change of leader.
    /// - `queued.min.messages=100000`, `queued.max.messages.kbytes=65536`: how much is fetched ahead, *per client*. A
    ///   small record takes some 600 bytes of memory, of which the second counts only the record's own.
    /// - `fetch.message.max.bytes=1048576`: bytes per partition and request; more only costs memory.
    public static let consumerDefaults: KafkaSettings = clientDefaults.merging([
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "fetch.wait.max.ms": "100",
        "fetch.error.backoff.ms": "50",
        "queued.min.messages": "100000",
        "queued.max.messages.kbytes": "65536",
        "fetch.message.max.bytes": "1048576",
    ])

    /// For ``GroupConsumer``.
    ///
    /// - `partition.assignment.strategy=cooperative-sticky`: partitions that stay keep flowing during a rebalance.
    /// - `session.timeout.ms=10000`: how long a dead member holds its partitions.
    /// - `heartbeat.interval.ms=1000`: how soon the others learn of a rebalance.
    /// - `topic.metadata.refresh.interval.ms=30000`: how soon partitions that were added are noticed.
    public static let groupDefaults: KafkaSettings = consumerDefaults.merging([
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": "10000",
        "heartbeat.interval.ms": "1000",
        "topic.metadata.refresh.interval.ms": "30000",
    ])

    /// For ``PartitionReader``.
    ///
    /// - `enable.partition.eof=true`: the only reliable end of a topic, since control markers take offsets.
    /// - `fetch.wait.max.ms=10`: a restoring reader's life is short and full of new assignments, each of which waits
    ///   for this. A reader that stays at a topic's end should have 500 instead, to spare idle requests; records are
    ///   not delayed by it.
    /// - `fetch.message.max.bytes=8388608`: snapshots and generations are tens of megabytes, and each answer takes a round
    ///   trip.
    public static let readerDefaults: KafkaSettings = consumerDefaults.merging([
        "enable.partition.eof": "true",
        "fetch.wait.max.ms": "10",
        "fetch.message.max.bytes": "8388608",
    ])

    /// For ``Producer``.
    ///
    /// - `linger.ms=1`: batches what is sent within a millisecond; 0 for the least latency of single records. (The
    ///   default of 5 ms is for throughput alone; a full batch never waits.)
    /// - `partitioner=murmur2_random`: the partitions that Java's clients choose.
    /// - `enable.idempotence=true`: retries neither reorder nor repeat.
    /// - `queue.buffering.max.messages=500000`, `queue.buffering.max.kbytes=262144`: where `send` says `queueFull`.
    ///
    /// `message.max.bytes` (1 MB) stays as it is: raise it, together with the topic's `max.message.bytes`, for a topic
    /// whose records wrap other records, such as dead letters.
    public static let producerDefaults: KafkaSettings = clientDefaults.merging([
        "linger.ms": "1",
        "partitioner": "murmur2_random",
        "enable.idempotence": "true",
        "queue.buffering.max.messages": "500000",
        "queue.buffering.max.kbytes": "262144",
    ])

    /// The `message.max.bytes` of every producer here where the settings name none, well above what any topic is asked to
    /// take: it is the topic's bound that counts, and a dead letter is as large as the record that it holds.
    public static let messageBytesMax = 8_000_000

    /// The producer's own bound on a record.
    public var messageBytesMax: Int { self["message.max.bytes"].flatMap { Int($0) } ?? Self.messageBytesMax }
}
