internal import CRdKafka

/// What a broker says of a topic.
public struct TopicDescription: Sendable, Hashable {
    /// One partition, as the broker that was asked knows it.
    public struct Partition: Sendable, Hashable {
        public let number: Int32
        /// The leading broker's id; -1 while there is none.
        public let leader: Int32
        public let replicaCount: Int
        /// Replicas that keep up with the leader, which is one of them.
        public let inSyncReplicaCount: Int

        public init(number: Int32, leader: Int32, replicaCount: Int, inSyncReplicaCount: Int) {
            self.number = number
            self.leader = leader
            self.replicaCount = replicaCount
            self.inSyncReplicaCount = inSyncReplicaCount
        }
    }

    public let name: String
    /// In the order of their numbers.
    public let partitions: [Partition]

    public init(name: String, partitions: [Partition]) {
        self.name = name
        self.partitions = partitions
    }
}

/// One setting in force for a topic.
public struct TopicSetting: Sendable, Hashable {
    public let value: String
    /// Whether it was set for this topic, rather than being the broker's.
    public let isOwn: Bool

    public init(value: String, isOwn: Bool) {
        self.value = value
        self.isOwn = isOwn
    }
}

extension Admin {
    /// All topics, sorted by name, without Kafka's own (`__…`) unless asked for.
    public func listTopics(includingInternal: Bool = false) throws(KafkaError) -> [TopicDescription] {
        try topics().filter { includingInternal || !$0.name.hasPrefix("__") }
    }

    /// How many brokers the cluster has at present.
    public func brokerCount() throws(KafkaError) -> Int {
        let raw = try metadata(allTopics: false)
        defer { rd_kafka_metadata_destroy(raw) }
        return Int(raw.pointee.broker_cnt)
    }

    /// One topic; nil if it does not exist. (Asking makes no topic, whatever the broker's settings.)
    public func describeTopic(_ name: String) throws(KafkaError) -> TopicDescription? {
        // Asking for a single topic may create it, where brokers do that; asking for all never does.
        try topics().first { $0.name == name }
    }

    /// Asks any broker; the caller frees the answer. Where none answers, the call itself says no more than that. Why not is
    /// said by errors beside it, and a login that is refused ends the wait for another broker soon.
    private func metadata(allTopics: Bool) throws(KafkaError) -> UnsafePointer<rd_kafka_metadata> {
        let soon = min(timeoutMilliseconds, Self.loginMilliseconds)
        var reasons: [KafkaError] = []
        var code = RD_KAFKA_RESP_ERR_NO_ERROR
        for wait in [soon, timeoutMilliseconds - soon] where wait > 0 && !reasons.contains(where: \.isAboutLogin) {
            var raw: UnsafePointer<rd_kafka_metadata>?
            code = rd_kafka_metadata(client.raw, allTopics ? 1 : 0, nil, &raw, wait)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR, let raw { return raw }
            reasons += takeErrors()
        }
        let kinds: [(KafkaError) -> Bool] = [
            { $0.code == .authentication }, { $0.code == .tls }, { $0.code != .allBrokersDown },
        ]
        throw kinds.lazy.compactMap { reasons.first(where: $0) }.first ?? KafkaError(code)
    }

    /// A broker on a busy machine takes less for a handshake.
    private static let loginMilliseconds: Int32 = 2_000

    private func topics() throws(KafkaError) -> [TopicDescription] {
        let raw = try metadata(allTopics: true)
        defer { rd_kafka_metadata_destroy(raw) }
        var topics: [TopicDescription] = []
        for index in 0..<Int(raw.pointee.topic_cnt) {
            let topic = raw.pointee.topics[index]
            if topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART { continue }
            let partitions = (0..<Int(topic.partition_cnt)).map { index in
                let partition = topic.partitions[index]
                return TopicDescription.Partition(
                    number: partition.id, leader: partition.leader, replicaCount: Int(partition.replica_cnt),
                    inSyncReplicaCount: Int(partition.isr_cnt))
            }
            topics.append(
                TopicDescription(
                    name: String(cString: topic.topic), partitions: partitions.sorted { $0.number < $1.number }))
        }
        return topics.sorted { $0.name < $1.name }
    }

    /// The settings in force for topics, secrets left out.
    public func describeSettings(ofTopics names: [String]) throws(KafkaError) -> [String: [String: TopicSetting]] {
        if names.isEmpty { return [:] }
        var handles: [OpaquePointer?] = names.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { rd_kafka_ConfigResource_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_DescribeConfigs(client.raw, &handles, handles.count, options, queue)
        }
        var count = 0
        let resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(answer.event), &count)
        var described: [String: [String: TopicSetting]] = [:]
        for index in 0..<count {
            guard let resource = resources?[index] else { continue }
            let name = String(cString: rd_kafka_ConfigResource_name(resource))
            let code = rd_kafka_ConfigResource_error(resource)
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                let sentence = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
                throw KafkaError(code, message: "\(name): \(sentence ?? "")")
            }
            described[name] = Self.settings(of: resource)
        }
        return described
    }

    private static func settings(of resource: OpaquePointer) -> [String: TopicSetting] {
        var count = 0
        let entries = rd_kafka_ConfigResource_configs(resource, &count)
        var settings: [String: TopicSetting] = [:]
        for index in 0..<count {
            guard let entry = entries?[index], rd_kafka_ConfigEntry_is_sensitive(entry) == 0 else { continue }
            guard let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            let source = rd_kafka_ConfigEntry_source(entry)
            settings[String(cString: rd_kafka_ConfigEntry_name(entry))] = TopicSetting(
                value: String(cString: value), isOwn: source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        }
        return settings
    }
}
