internal import Events
internal import Models

/// Records that are larger than their topic takes: each is a value that is counted and kept, and stops nothing.
extension Worker {
    /// The least that the item log has to take a record: a block with one event, whatever its identifiers, and some more.
    private static let itemLogBytesMin = 65_536
    /// What one event adds to a block at most: its window of identifiers, and its own words.
    private static let lessonBytesMax = 32_768

    /// The size at which a block of the item log is closed, so that the next event still fits.
    static func blockBytes(_ settings: WorkerSettings, _ log: any EventLog) throws(LogError) -> Int {
        let most = log.bytesMax(.itemLog)
        guard most >= itemLogBytesMin else {
            throw LogError(
                .fatal,
                "the item log takes records of \(most) bytes only; set its topic's max.message.bytes to 1048588")
        }
        return min(settings.blockBytes, most - lessonBytesMax)
    }

    /// Adds a list or a row of a user. One that its topic does not take becomes a dead letter, which names the user's last
    /// event and the topic; the list before it stays.
    func publish(_ topic: LogTopic, _ task: PartitionTask, _ user: UserStore.User, value: (ByteWriter) -> Void) {
        let id = task.store.identifiers.bytes(user)
        let most = log.bytesMax(topic)
        guard
            let refused = output.addBounded(
                topic, source: task.partition, partition: nil, key: id, bytesMax: most, value: value)
        else { return }
        counters.tooLarge += 1
        let detail = "the record of \(refused.count) bytes for \(topic) is not written: the topic takes \(most)"
        var origin = origin(.tooLarge, detail, partition: task.partition, offset: task.store[user].offset)
        origin.output = topic
        refused.withUnsafeBytes { keep(key: id, value: $0, own: [], origin) }
    }

    /// Adds a dead letter; where the dead-letter topic takes less, without the record's bytes.
    func keep(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, own: [RecordHeader],
        _ origin: DeadLetterOrigin
    ) {
        let letter = origin.letter(key: key, value: value, own: own, bytesMax: log.bytesMax(.deadLetters))
        if !letter.isWhole, origin.code != .tooLarge { counters.tooLarge += 1 }
        output.add(
            .deadLetters, source: origin.partition, partition: nil, key: letter.key, value: letter.value,
            headers: letter.headers)
    }

    /// Why a dead letter is there, and where it comes from.
    func origin(_ code: RejectionCode, _ detail: String, partition: Int32, offset: Int64) -> DeadLetterOrigin {
        DeadLetterOrigin(code: code, detail: detail, topic: eventsTopicName, partition: partition, offset: offset)
    }

    /// Adds the checkpoint of a user that has been dirty since an offset. One that the users topic does not take stays
    /// dirty: the marker stands still there, and a restore applies the events again from it.
    func addCheckpoint(
        of user: UserStore.User, since: Int64, _ task: PartitionTask, key: UnsafeRawBufferPointer,
        to buffer: OutputBuffer
    ) {
        let most = log.bytesMax(.users)
        let refused = buffer.addBounded(
            .users, source: task.partition, partition: task.partition, key: key, bytesMax: most
        ) { codec.encode(task.store[user], to: $0) }
        guard let refused else { return }
        counters.tooLarge += 1
        task.store.setAside(user, since: since)
        notice(
            "the state of user \(task.store.identifiers.text(user)) has \(refused.count) bytes, the users topic takes "
                + "\(most): raise its max.message.bytes, and start again before the events of partition "
                + "\(task.partition) from offset \(since) on expire")
    }
}
