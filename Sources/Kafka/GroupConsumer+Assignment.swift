internal import CRdKafka

extension GroupConsumer {
    /// Answers ``ConsumerEvent/assigned(_:)``: where to start in each of its partitions. With `paused`, none of them
    /// flows before ``resume(_:)``, so that state can be restored first.
    ///
    /// The offsets must be those of the event's partitions; use ``PartitionOffset/stored`` for the committed offset.
    public func completeAssignment(_ offsets: [PartitionOffset], paused: Bool = false) throws(KafkaError) {
        guard case .assigned(let partitions) = pending else {
            throw KafkaError(code: .state, message: "no assignment is waiting for an answer")
        }
        precondition(Set(offsets.map(\.place)) == Set(partitions), "one offset for each assigned partition")
        pending = nil
        try client.take(offsets)
        // The assignment started fetching, but nothing reaches us before the next poll: pausing throws it away.
        if paused { try pause(partitions) }
    }

    /// Answers ``ConsumerEvent/revoked(_:)`` and ``ConsumerEvent/lost(_:)``: lets the partitions go.
    public func completeRevocation() throws(KafkaError) {
        let partitions: [TopicPartition]
        switch pending {
        case .revoked(let revoked), .lost(let revoked): partitions = revoked
        default: throw KafkaError(code: .state, message: "no revocation is waiting for an answer")
        }
        pending = nil
        paused.subtract(partitions)
        try client.letGo(partitions)
    }

    /// The partitions that are assigned now, sorted.
    public func assignment() throws(KafkaError) -> [TopicPartition] {
        var raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        try KafkaError.check(rd_kafka_assignment(client.raw, &raw))
        guard let raw else { return [] }
        return PartitionList(consuming: raw).partitions.sorted()
    }

    /// Stops these partitions' flow; what was fetched and not yet polled is fetched again later. Pausing twice is
    /// pausing once.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        let wanted = partitions.filter { !paused.contains($0) }
        if wanted.isEmpty { return }
        let list = PartitionList(wanted)
        try KafkaError.check(rd_kafka_pause_partitions(client.raw, list.raw))
        try list.checkEach()
        paused.formUnion(wanted)
    }

    /// Lets those of these partitions flow again that ``pause(_:)`` stopped; does nothing for others.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        let wanted = partitions.filter { paused.contains($0) }
        if wanted.isEmpty { return }
        let list = PartitionList(wanted)
        try KafkaError.check(rd_kafka_resume_partitions(client.raw, list.raw))
        try list.checkEach()
        paused.subtract(wanted)
    }

    /// Lets librdkafka's threads look at once whether there is something to fetch, by a question to the leaders of all assigned
    /// partitions; waits for its answer, which nobody needs, for at most 50 ms.
    public func wakeFetchers() { FetchWaker.wake(client) }

    /// Goes on elsewhere in assigned partitions; what was fetched and not yet polled is dropped.
    public func seek(_ offsets: [PartitionOffset], timeoutMilliseconds: Int32) throws(KafkaError) {
        try client.seek(offsets, timeoutMilliseconds: timeoutMilliseconds)
    }
}

extension ClientHandle {
    /// Adds partitions to those that are assigned.
    func take(_ offsets: [PartitionOffset]) throws(KafkaError) {
        let list = PartitionList(offsets)
        try KafkaError.check(consuming: rd_kafka_incremental_assign(raw, list.raw))
    }

    /// The reverse.
    func letGo(_ partitions: [TopicPartition]) throws(KafkaError) {
        let list = PartitionList(partitions)
        try KafkaError.check(consuming: rd_kafka_incremental_unassign(raw, list.raw))
    }
}
