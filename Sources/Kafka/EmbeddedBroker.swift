internal import CRdKafka

/// librdkafka's mock cluster: brokers inside this process, on free loopback ports, for tests and for trying things
/// out. Any Kafka client can connect. They go away with this object, and all records with them.
///
/// Limits (librdkafka 2.0.2): it accepts transactions but does not implement them (offsets sent with one are not
/// stored, aborted records stay visible); it trims each partition at 5 MB or 100,000 records; it knows no compaction,
/// no topic configurations and no admin requests; the first member of a group waits three seconds for others, and every
/// later rebalance takes `session.timeout.ms` less a second.
public final class EmbeddedBroker: @unchecked Sendable {
    /// `host:port`, several separated by commas.
    public let bootstrapServers: String
    // The mock cluster locks itself; the handle is only its anchor.
    private let client: ClientHandle
    private let cluster: OpaquePointer

    /// Starts so many brokers, whose ids count from 1.
    /// - Throws: where librdkafka cannot start them.
    public init(brokers: Int32 = 1) throws(KafkaError) {
        client = try ClientHandle(RD_KAFKA_PRODUCER, KafkaSettings(), context: ClientContext(KafkaSettings()))
        guard let cluster = rd_kafka_mock_cluster_new(client.raw, brokers) else {
            throw KafkaError(code: .state, message: "the embedded broker did not start")
        }
        self.cluster = cluster
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
    }

    /// Makes a topic; fails if it exists.
    public func createTopic(_ name: String, partitions: Int32) throws(KafkaError) {
        try KafkaError.check(rd_kafka_mock_topic_create(cluster, name, partitions, 1))
    }

    /// Delays every answer, as a slow network would.
    public func setRoundTrip(milliseconds: Int32) throws(KafkaError) {
        try KafkaError.check(rd_kafka_mock_broker_set_rtt(cluster, -1, milliseconds))
    }

    /// Cuts or restores the connections of one broker (-1: of all).
    public func setReachable(_ isReachable: Bool, broker: Int32 = -1) throws(KafkaError) {
        try KafkaError.check(
            isReachable
                ? rd_kafka_mock_broker_set_up(cluster, broker) : rd_kafka_mock_broker_set_down(cluster, broker))
    }
}
