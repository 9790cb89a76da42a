internal import CRdKafka

/// What a coordinator says of a consumer group.
public struct GroupDescription: Sendable, Hashable {
    /// A consumer of the group.
    public struct Member: Sendable, Hashable {
        /// The name that the coordinator gave it.
        public let memberID: String
        /// `group.instance.id` of a static member.
        public let instanceID: String?
        /// Its `client.id`, and the address that its broker sees.
        public let clientID: String
        public let host: String
        /// Sorted.
        public let partitions: [TopicPartition]
    }

    public let group: String
    /// `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead` (which is also said of unknown groups).
    public let state: String
    /// How the members have partitions shared out, such as `range`; empty where nothing is agreed on.
    public let assignor: String
    public let members: [Member]
}

extension Admin {
    /// The ids of all consumer groups, sorted. A broker that is just loading some of them is asked again.
    public func listGroups() throws(KafkaError) -> [String] {
        try askCoordinator { (timeout) throws(KafkaError) in try list(within: timeout) }
    }

    private func list(within timeoutMilliseconds: Int32) throws(KafkaError) -> [String] {
        let answer = try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_ListConsumerGroups(client.raw, options, queue)
        }
        let result = rd_kafka_event_ListConsumerGroups_result(answer.event)
        var count = 0
        let errors = rd_kafka_ListConsumerGroups_result_errors(result, &count)
        if count > 0, let error = errors?[0] {
            throw KafkaError(rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)))
        }
        let groups = rd_kafka_ListConsumerGroups_result_valid(result, &count)
        return (0..<count).compactMap { groups?[$0] }
            .map { String(cString: rd_kafka_ConsumerGroupListing_group_id($0)) }.sorted()
    }

    /// One group with its members. A group that nobody knows is `Dead` and has none.
    public func describeGroup(_ group: String) throws(KafkaError) -> GroupDescription {
        try askCoordinator { (timeout) throws(KafkaError) in try describe(group, within: timeout) }
    }

    private func describe(_ group: String, within timeoutMilliseconds: Int32) throws(KafkaError) -> GroupDescription {
        let answer = try request(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, within: timeoutMilliseconds) {
            options, queue in
            group.withCString { name in
                var names: [UnsafePointer<CChar>?] = [name]
                rd_kafka_DescribeConsumerGroups(client.raw, &names, 1, options, queue)
            }
        }
        var count = 0
        let groups = rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(answer.event), &count)
        guard count == 1, let described = groups?[0] else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG) }
        if let error = rd_kafka_ConsumerGroupDescription_error(described),
            rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR
        {
            throw KafkaError(rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)))
        }
        let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(described))
            .compactMap { rd_kafka_ConsumerGroupDescription_member(described, $0) }.map(Self.member)
        let state = rd_kafka_ConsumerGroupDescription_state(described)
        return GroupDescription(
            group: group, state: String(cString: rd_kafka_consumer_group_state_name(state)),
            assignor: rd_kafka_ConsumerGroupDescription_partition_assignor(described)
                .map { String(cString: $0) } ?? "",
            members: members)
    }

    private static func member(_ member: OpaquePointer) -> GroupDescription.Member {
        let assignment = rd_kafka_MemberDescription_assignment(member)
        return GroupDescription.Member(
            memberID: String(cString: rd_kafka_MemberDescription_consumer_id(member)),
            instanceID: rd_kafka_MemberDescription_group_instance_id(member).map { String(cString: $0) },
            clientID: String(cString: rd_kafka_MemberDescription_client_id(member)),
            host: String(cString: rd_kafka_MemberDescription_host(member)),
            partitions: PartitionList.partitions(of: rd_kafka_MemberAssignment_partitions(assignment)).sorted())
    }

    /// Deletes a group with its offsets; fails while it has members.
    public func deleteGroup(_ group: String) throws(KafkaError) -> AdminResult {
        try askCoordinator { (timeout) throws(KafkaError) in try delete(group, within: timeout) }
    }

    private func delete(_ group: String, within timeoutMilliseconds: Int32) throws(KafkaError) -> AdminResult {
        var handles: [OpaquePointer?] = [rd_kafka_DeleteGroup_new(group)]
        defer { rd_kafka_DeleteGroup_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_DELETEGROUPS, within: timeoutMilliseconds) { options, queue in
            rd_kafka_DeleteGroups(client.raw, &handles, handles.count, options, queue)
        }
        var count = 0
        let results = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(answer.event), &count)
        guard count == 1, let result = results?[0] else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG) }
        guard let error = Self.error(of: result) else { return .done }
        return error.code == .groupNotFound ? .unchanged : .failed(error)
    }

    /// A group's committed offsets, of all partitions that have one. The answer is stable: no open transaction can
    /// change it any more.
    public func groupOffsets(_ group: String) throws(KafkaError) -> [PartitionOffset] {
        try askCoordinator { (timeout) throws(KafkaError) in try listOffsets(group, within: timeout) }
    }

    private func listOffsets(_ group: String, within timeoutMilliseconds: Int32) throws(KafkaError) -> [PartitionOffset]
    {
        var handles: [OpaquePointer?] = [rd_kafka_ListConsumerGroupOffsets_new(group, nil)]
        defer { rd_kafka_ListConsumerGroupOffsets_destroy_array(&handles, handles.count) }
        let answer = try request(
            RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, within: timeoutMilliseconds, requiresStable: true
        ) { options, queue in
            rd_kafka_ListConsumerGroupOffsets(client.raw, &handles, 1, options, queue)
        }
        var count = 0
        let results = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(answer.event), &count)
        guard count == 1, let result = results?[0] else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG) }
        if let error = Self.error(of: result) { throw error }
        return try Self.offsets(of: result)
    }

    /// Sets a group's offsets; fails while the group has members.
    public func setGroupOffsets(_ group: String, _ offsets: [PartitionOffset]) throws(KafkaError) {
        try askCoordinator { (timeout) throws(KafkaError) in try alterOffsets(group, offsets, within: timeout) }
    }

    private func alterOffsets(_ group: String, _ offsets: [PartitionOffset], within timeoutMilliseconds: Int32)
        throws(KafkaError)
    {
        let list = PartitionList(offsets)
        var handles: [OpaquePointer?] = [rd_kafka_AlterConsumerGroupOffsets_new(group, list.raw)]
        defer { rd_kafka_AlterConsumerGroupOffsets_destroy_array(&handles, handles.count) }
        let answer = try request(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, within: timeoutMilliseconds) {
            options, queue in
            rd_kafka_AlterConsumerGroupOffsets(client.raw, &handles, 1, options, queue)
        }
        var count = 0
        let results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(answer.event), &count)
        guard count == 1, let result = results?[0] else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG) }
        if let error = Self.error(of: result) { throw error }
        _ = try Self.offsets(of: result)
    }

    private static func error(of result: OpaquePointer) -> KafkaError? {
        guard let error = rd_kafka_group_result_error(result) else { return nil }
        let code = rd_kafka_error_code(error)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
        return KafkaError(code, message: String(cString: rd_kafka_error_string(error)))
    }

    private static func offsets(of result: OpaquePointer) throws(KafkaError) -> [PartitionOffset] {
        guard let partitions = rd_kafka_group_result_partitions(result) else { return [] }
        let copy = PartitionList(consuming: rd_kafka_topic_partition_list_copy(partitions))
        try copy.checkEach()
        return copy.offsets
    }
}
