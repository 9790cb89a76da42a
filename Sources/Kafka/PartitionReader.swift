internal import CRdKafka

/// Reads chosen partitions from chosen offsets, outside any group.
///
/// It knows the end of a partition by ``ConsumerEvent/endOfPartition(_:)``, never by counting: control markers take
/// offsets too. One reader serves many restores, one after another, over the same connections: ``assign(_:)`` again.
///
/// Use it from one thread at a time.
public final class PartitionReader: @unchecked Sendable {
    private let client: ClientHandle
    private let context: ConsumerContext
    private let poller: MessagePoller

    /// Connects in the background. `isolation.level` is `read_committed` unless the settings say otherwise.
    ///
    /// librdkafka looks for the coordinator of some `group.id` even here, where no group is joined and nothing is ever
    /// committed. Give one that the client may describe where a cluster guards its groups.
    public init(_ settings: KafkaSettings) throws(KafkaError) {
        var settings = settings.defaulting(to: .readerDefaults)
        settings["group.id"] = settings["group.id"] ?? "reader"
        settings["group.instance.id"] = nil
        context = ConsumerContext(settings, joinsGroup: false)
        client = try ClientHandle(RD_KAFKA_CONSUMER, settings, context: context)
        poller = MessagePoller(client, context, settings)
    }

    /// Reads these partitions from these offsets (absolute, or ``PartitionOffset/beginning`` or
    /// ``PartitionOffset/end``), in place of those before. Records of former partitions that were not polled yet are
    /// dropped.
    public func assign(_ offsets: [PartitionOffset]) throws(KafkaError) {
        let list = PartitionList(offsets)
        try KafkaError.check(rd_kafka_assign(client.raw, list.raw))
    }

    /// Reads nothing any longer, and stays connected.
    public func unassign() throws(KafkaError) {
        try KafkaError.check(rd_kafka_assign(client.raw, nil))
    }

    /// What came: at most `max` records, and all events. Waits only if there is nothing at all.
    public func poll(max: Int, timeoutMilliseconds: Int32) -> Polled {
        poller.poll(max: max, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Goes on elsewhere in assigned partitions.
    public func seek(_ offsets: [PartitionOffset], timeoutMilliseconds: Int32) throws(KafkaError) {
        try client.seek(offsets, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Where reading goes on; ``PartitionOffset/none`` before the first record.
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
    /// ``PartitionOffset/end`` where no record is as late; given as the time, it asks for the partition's end.
    public func offsets(
        atMilliseconds times: [PartitionOffset], timeoutMilliseconds: Int32
    ) throws(KafkaError) -> [PartitionOffset] {
        try client.offsets(atMilliseconds: times, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Wakes the threads that fetch: those of a client that has read something else before do not hear of a new assignment,
    /// and may sleep for another second. Takes 1–3 ms, at most 50.
    func wakeFetching() { FetchWaker.wake(client) }

    /// Says that whoever lets go of this reader last must not wait for it: freeing takes as long as a broker that is frozen.
    public func freeAside() { client.markStuck() }

    /// The error that made this reader unusable, if one did.
    public var fatalError: KafkaError? { client.fatalError }
}
