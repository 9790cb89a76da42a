internal import CRdKafka
internal import Dispatch
internal import Foundation

/// A topic to make.
public struct TopicSpecification: Sendable, Hashable {
    public var name: String
    public var partitions: Int32
    /// -1 for the broker's default.
    public var replicationFactor: Int32
    /// Kafka's topic settings, such as `cleanup.policy`.
    public var settings: [String: String]

    public init(_ name: String, partitions: Int32, replicationFactor: Int32 = -1, settings: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replicationFactor = replicationFactor
        self.settings = settings
    }
}

/// What became of one topic or group in a request.
public enum AdminResult: Sendable, Hashable {
    case done
    /// It was there already (or, on deletion, was not): nothing was changed.
    case unchanged
    case failed(KafkaError)
}

extension Admin {
    /// Makes topics, and leaves those that exist as they are (with whatever partitions and settings they have). Returns
    /// when the broker that answers lists them with leaders.
    ///
    /// - Parameter onlyValidates: whether the broker is only asked what it would do; nothing is made.
    public func createTopics(
        _ topics: [TopicSpecification], onlyValidates: Bool = false
    ) throws(KafkaError) -> [String: AdminResult] {
        if topics.isEmpty { return [:] }
        var handles: [OpaquePointer?] = []
        defer { rd_kafka_NewTopic_destroy_array(&handles, handles.count) }
        for topic in topics {
            var reason = [CChar](repeating: 0, count: 256)
            let made = rd_kafka_NewTopic_new(
                topic.name, topic.partitions, topic.replicationFactor, &reason, reason.count)
            guard let made else {
                let sentence = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
                throw KafkaError(code: .invalidArgument, message: "topic \"\(topic.name)\": \(sentence)")
            }
            handles.append(made)
            for (name, value) in topic.settings.sorted(by: { $0.key < $1.key }) {
                try KafkaError.check(rd_kafka_NewTopic_set_config(made, name, value))
            }
        }
        let answer = try request(
            RD_KAFKA_ADMIN_OP_CREATETOPICS, within: timeoutMilliseconds, onlyValidates: onlyValidates
        ) { options, queue in
            rd_kafka_CreateTopics(client.raw, &handles, handles.count, options, queue)
        }
        var count = 0
        let answers = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.event), &count)
        let results = Self.results(answers, count, unchanged: .topicAlreadyExists)
        if onlyValidates { return results }
        let made = Set(results.filter { $0.value == .done }.keys)
        try awaitTopics { topics in
            topics.count { made.contains($0.name) && $0.partitions.allSatisfy { $0.leader >= 0 } } == made.count
        }
        return results
    }

    /// Deletes topics with all their records, and returns when they are listed no more.
    public func deleteTopics(_ names: [String]) throws(KafkaError) -> [String: AdminResult] {
        if names.isEmpty { return [:] }
        var handles: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
        defer { rd_kafka_DeleteTopic_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_DELETETOPICS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_DeleteTopics(client.raw, &handles, handles.count, options, queue)
        }
        var count = 0
        let answers = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer.event), &count)
        let results = Self.results(answers, count, unchanged: .unknownTopicOrPartition)
        let deleted = Set(results.filter { $0.value == .done }.keys)
        try awaitTopics { topics in !topics.contains { deleted.contains($0.name) } }
        return results
    }

    /// Raises a topic's number of partitions. Records with a key may go elsewhere from then on.
    public func createPartitions(_ topic: String, total: Int) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 256)
        guard let made = rd_kafka_NewPartitions_new(topic, total, &reason, reason.count) else {
            throw KafkaError(code: .invalidArgument, message: "topic \"\(topic)\": \(total) partitions")
        }
        var handles: [OpaquePointer?] = [made]
        defer { rd_kafka_NewPartitions_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_CreatePartitions(client.raw, &handles, handles.count, options, queue)
        }
        var count = 0
        let results = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(answer.event), &count)
        if case .failed(let error)? = Self.results(results, count, unchanged: nil).values.first { throw error }
        try awaitTopics { topics in topics.contains { $0.name == topic && $0.partitions.count >= total } }
    }

    /// Waits until a broker lists what the controller has decided: the decision is answered first, and published a
    /// little later.
    private func awaitTopics(_ isSettled: ([TopicDescription]) -> Bool) throws(KafkaError) {
        let deadline = DispatchTime.now() + .milliseconds(Int(timeoutMilliseconds))
        while !isSettled(try listTopics(includingInternal: true)) {
            if DispatchTime.now() >= deadline { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Deletes each partition's records before an offset (``PartitionOffset/end``: all). Returns the new first offsets.
    public func deleteRecords(before offsets: [PartitionOffset]) throws(KafkaError) -> [PartitionOffset] {
        let list = PartitionList(offsets)
        var handles: [OpaquePointer?] = [rd_kafka_DeleteRecords_new(list.raw)]
        defer { rd_kafka_DeleteRecords_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_DELETERECORDS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_DeleteRecords(client.raw, &handles, handles.count, options, queue)
        }
        let result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(answer.event))
        let copy = PartitionList(consuming: rd_kafka_topic_partition_list_copy(result))
        try copy.checkEach()
        return copy.offsets
    }

    private static func results(
        _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, unchanged: KafkaError.Code?
    ) -> [String: AdminResult] {
        var named: [String: AdminResult] = [:]
        for index in 0..<count {
            guard let result = results?[index], let name = rd_kafka_topic_result_name(result) else { continue }
            let code = rd_kafka_topic_result_error(result)
            let sentence = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
            let error = KafkaError(code, message: sentence)
            if code == RD_KAFKA_RESP_ERR_NO_ERROR {
                named[String(cString: name)] = .done
            } else {
                named[String(cString: name)] = error.code == unchanged ? .unchanged : .failed(error)
            }
        }
        return named
    }
}
