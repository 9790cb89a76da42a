internal import Pipeline

/// Clients for reading beside the group, used again and again.
final class ReaderPool {
    private let settings: KafkaSettings
    private var idle: [PartitionReader] = []

    init(_ settings: KafkaSettings) {
        self.settings = settings
    }

    func take() throws(KafkaError) -> PartitionReader {
        if let known = idle.popLast() { return known }
        return try PartitionReader(settings)
    }

    func giveBack(_ reader: PartitionReader) {
        guard reader.fatalError == nil, idle.count < 8, (try? reader.unassign()) != nil else { return }
        idle.append(reader)
    }

    /// One that stays at a topic's end, for good: it asks the broker twice a second instead of a hundred times, and records
    /// come as soon. (librdkafka asks anew for every client as often as `fetch.wait.max.ms` says.)
    func makePatient() throws(KafkaError) -> PartitionReader {
        var patient = settings
        patient["fetch.wait.max.ms"] = patient["fetch.wait.max.ms"] ?? "500"
        return try PartitionReader(patient)
    }
}

/// Reads one partition of one topic, committed records only; from the beginning at 0, the last −n records at an offset
/// below that, and all where the topic holds fewer.
final class KafkaLogReader: LogReader {
    private let pool: ReaderPool
    private var reader: PartitionReader
    private let topic: LogTopic
    private let name: String
    private let partition: Int32
    private(set) var position: Int64
    /// The end is told once, and only after `fetch.wait.max.ms` without a record; it holds until further records come.
    private var isAtEnd = false
    private var impatience = Impatience(.now)
    /// Since when reading has brought neither record nor end.
    private var silentSince: ContinuousClock.Instant?
    private static let silenceMax = Duration.seconds(30)
    /// When the end was met first; whoever still reads a while later follows the topic, and gets a patient reader.
    private var metEndAt: ContinuousClock.Instant?
    private(set) var isPatient = false
    private static let haste = Duration.seconds(1)

    init(_ pool: ReaderPool, _ topic: LogTopic, _ name: String, _ partition: Int32, from offset: Int64) throws(LogError)
    {
        self.pool = pool
        self.topic = topic
        self.name = name
        self.partition = partition
        do throws(KafkaError) {
            reader = try pool.take()
            // A number, never a name for one: of those librdkafka asks the partition's leader, and where a new client does
            // not know it yet, it waits for half a second before it looks again. Few topics begin elsewhere than at 0.
            var start = offset
            if offset < 0 {
                let marks = try reader.queryWatermarks(TopicPartition(name, partition), timeoutMilliseconds: 10_000)
                start = max(marks.low, marks.high + offset)
            }
            position = start
            try reader.assign([PartitionOffset(name, partition, start)])
        } catch {
            throw LogError(error, doing: "reading \(name)")
        }
    }

    func offsets() throws(LogError) -> Range<Int64> {
        do throws(KafkaError) {
            let marks = try reader.queryWatermarks(TopicPartition(name, partition), timeoutMilliseconds: 10_000)
            return marks.low..<max(marks.low, marks.high)
        } catch {
            throw LogError(error, doing: "asking for the offsets of \(name)")
        }
    }

    deinit { if !isPatient { pool.giveBack(reader) } }

    func read(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        if !isPatient, isAtEnd, let met = metEndAt, .now - met > Self.haste { try becomePatient() }
        let polled = reader.poll(max: max, timeoutMilliseconds: Int32(timeoutMilliseconds))
        for message in polled.messages {
            // A batch that was fetched for an earlier assignment of this client is not ours.
            guard message.partition == partition, polled.messages.topicNames[message.topic] == name else { continue }
            withUnsafeBytes(of: message) { bytes in
                record(
                    LogRecord(
                        topic: topic, partition: partition, offset: message.offset,
                        timestamp: message.timestampMilliseconds, key: message.key, value: message.value,
                        handle: bytes.baseAddress, readHeaders: headersOfMessage))
            }
            position = message.offset + 1
            isAtEnd = false
            impatience.end()
        }
        let hasRecords = polled.messages.count > 0
        polled.messages.destroy()
        for event in polled.events {
            switch event {
            case .endOfPartition(let end) where end.place == TopicPartition(name, partition):
                position = Swift.max(position, end.offset)
                isAtEnd = true
                metEndAt = metEndAt ?? .now
                impatience.end()
            case .partitionFailed(let place, let error) where place == TopicPartition(name, partition):
                try fail(error)
            case .failed(let error): try fail(error)
            default: break
            }
        }
        if impatience.isDue(.now) { reader.wakeFetching() }
        try checkSilence(hasRecords)
        return isAtEnd
    }

    /// Whoever reads to the end must not wait for ever where a partition has no leader: librdkafka says nothing about it.
    private func checkSilence(_ hasRecords: Bool) throws(LogError) {
        guard !hasRecords, !isAtEnd else { return silentSince = nil }
        guard let since = silentSince else { return silentSince = .now }
        guard since.duration(to: .now) > Self.silenceMax else { return }
        throw LogError(
            .retriable,
            "reading \(name)[\(partition)] from \(position): nothing has come for \(Self.silenceMax.components.seconds) s, "
                + "and no end; has the partition a leader? `freshet doctor` looks")
    }

    private func becomePatient() throws(LogError) {
        do throws(KafkaError) {
            let patient = try pool.makePatient()
            try patient.assign([PartitionOffset(name, partition, position)])
            pool.giveBack(reader)
            reader = patient
            isPatient = true
        } catch {
            throw LogError(error, doing: "following \(name)")
        }
    }

    /// Throws what does not pass by itself.
    private func fail(_ error: KafkaError) throws(LogError) {
        // What the topic held there has expired. Of the catalogue, where that may happen at any offset, the newest entries count.
        if error.isOutOfRange, position == 0 || topic == .catalogue {
            do throws(KafkaError) {
                try reader.assign([PartitionOffset(name, partition, PartitionOffset.beginning)])
            } catch {
                throw LogError(error, doing: "reading \(name)")
            }
        } else if error.isFatal || error.isAboutRightsOrTopics || error.isOutOfRange {
            throw LogError(error, doing: "reading \(name)[\(partition)] from \(position)")
        }
    }
}
