public import Pipeline

/// The group's records, offsets and assignments, and readers beside the group.
extension KafkaEventLog {
    public func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange] {
        output.serve()
        guard max > 0 else {
            try output.wait(milliseconds: Swift.min(timeoutMilliseconds + 1, 5))
            return []
        }
        let polled = consumer.poll(max: max, timeoutMilliseconds: Int32(timeoutMilliseconds))
        for message in polled.messages {
            deliver(message, record)
        }
        polled.messages.destroy()
        var changes: [GroupChange] = []
        for event in polled.events {
            switch event {
            case .assigned(let places):
                try checkPartitions(Int(places.map(\.partition).max() ?? -1) + 1)
                changes.append(.assigned(places.map(\.partition)))
            case .revoked(let places): changes.append(.revoked(places.map(\.partition)))
            case .lost(let places): changes.append(.lost(places.map(\.partition)))
            case .endOfPartition(let end): changes.append(.end(partition: end.place.partition, offset: end.offset))
            case .partitionFailed(_, let error), .failed(let error):
                guard error.isFatal || error.isOutOfRange || error.isAboutRightsOrTopics else {
                    if passing.begins(error.code, now: .now) { warning(error.description) }
                    continue
                }
                throw LogError(error, doing: "reading \(settings.topics.events)")
            }
        }
        return changes
    }

    private func deliver(_ message: Message, _ record: (borrowing LogRecord) -> Void) {
        withUnsafeBytes(of: message) { bytes in
            record(
                LogRecord(
                    topic: .events, partition: message.partition, offset: message.offset,
                    timestamp: message.timestampMilliseconds, key: message.key, value: message.value,
                    handle: bytes.baseAddress, readHeaders: headersOfMessage))
        }
    }

    public func committedOffsets(_ partitions: [Int32]) throws(LogError) -> [Int32: Int64] {
        var found: [Int32: Int64] = [:]
        do throws(KafkaError) {
            // Stable offsets: the answer waits for an orphaned transaction, which the broker aborts by itself.
            for place in try consumer.committed(partitions.map(place), timeoutMilliseconds: 30_000)
            where place.offset >= 0 {
                found[place.place.partition] = place.offset
            }
        } catch {
            throw LogError(error, doing: "asking for the committed offsets of \(settings.groupID)")
        }
        return found
    }

    public func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        try offsets.stored(partition, lastWriter: lastWriter)
    }

    /// The partitions of the events topic.
    public func partitionCount() throws(LogError) -> Int {
        if let count = survey?.partitionCount(.events) { return count }
        return try endOffsets().count
    }

    /// The present end of each partition of the events topic, as committed readers see it.
    public func endOffsets() throws(LogError) -> [Int32: Int64] {
        let name = settings.topics.events
        do throws(KafkaError) {
            let admin = try Admin(settings.client)
            var ends: [Int32: Int64] = [:]
            for partition in try admin.describeTopic(name)?.partitions ?? [] {
                ends[partition.number] = try consumer.queryWatermarks(
                    TopicPartition(name, partition.number), timeoutMilliseconds: 10_000
                ).high
            }
            guard ends.isEmpty else { return ends }
        } catch {
            throw LogError(error, doing: "asking for the ends of \(name)")
        }
        throw LogError(.fatal, "there is no topic \(name); `freshet topics create` makes what is missing")
    }

    /// The present end of the item log, whoever is to see what lies before it: a commit that has just been confirmed may be
    /// hidden from committed readers for some moments.
    public func itemLogEnd() throws(LogError) -> Int64 {
        // In memory what was written is there.
        settings.memory == nil ? try settings.itemLogEnd() : 0
    }

    public func take(_ partitions: [Int32]) throws(LogError) {
        do throws(KafkaError) {
            // Answered at once, paused: until then no partition flows, of this member's others neither.
            let starts = partitions.sorted().map { PartitionOffset(place($0), PartitionOffset.beginning) }
            try consumer.completeAssignment(starts, paused: true)
        } catch {
            throw LogError(error, doing: "taking up partitions")
        }
        wakeFetchers()
    }

    /// librdkafka stops all partitions while a rebalance is being answered, those too that stay, and its threads that fetch do
    /// not hear that they go on: they may sleep for another second. A question to the partitions' brokers wakes them; nobody
    /// waits for the answer.
    private func wakeFetchers() {
        let consumer = consumer
        waker.wake { consumer.wakeFetchers() }
    }

    public func resume(_ offsets: [Int32: Int64]) throws(LogError) {
        let starts = offsets.keys.sorted().map { PartitionOffset(place($0), offsets[$0] ?? 0) }
        do throws(KafkaError) {
            try consumer.seek(starts, timeoutMilliseconds: 10_000)
            try consumer.resume(starts.map(\.place))
        } catch {
            throw LogError(error, doing: "resuming partitions")
        }
        wakeFetchers()
    }

    public func release(_ partitions: [Int32]) throws(LogError) {
        offsets.forget(partitions)
        do throws(KafkaError) { try consumer.completeRevocation() } catch {
            throw LogError(error, doing: "giving up partitions")
        }
        wakeFetchers()
    }

    public func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        try reading.reader(topic, partition: partition, from: offset)
    }

    func place(_ partition: Int32) -> TopicPartition { TopicPartition(settings.topics.events, partition) }
}

extension KafkaEventLog.Settings {
    /// The end of the item log, uncommitted records included.
    func itemLogEnd() throws(LogError) -> Int64 {
        let name = topics[.itemLog]
        do throws(KafkaError) {
            var reading = reading
            reading["isolation.level"] = "read_uncommitted"
            return try PartitionReader(reading).queryWatermarks(
                TopicPartition(name, 0), timeoutMilliseconds: 10_000
            ).high
        } catch {
            throw LogError(error, doing: "asking for the end of \(name)")
        }
    }
}

let headersOfMessage: @Sendable (UnsafeRawPointer) -> [RecordHeader] = { handle in
    handle.load(as: Message.self).headers.map { ($0.name, $0.value.map(Array.init)) }
}

extension GroupConsumer {
    /// The committed offset of one partition with its bounds: those last, so that no commit is beyond them.
    func storedOffset(_ place: TopicPartition) throws(KafkaError) -> StoredOffset {
        let found = try committed([place], timeoutMilliseconds: 30_000)
        let marks = try queryWatermarks(place, timeoutMilliseconds: 10_000)
        return StoredOffset(
            offset: found.first.flatMap { $0.offset >= 0 ? $0.offset : nil }, low: marks.low, end: marks.high)
    }
}
