public import Events

/// Sends every record of a topic on under the user id that its event names, so that a user's events meet in one partition
/// whatever key their producers gave them.
///
/// Its log is one of its own, whose `.events` are the input. Records that cannot be decoded keep their key: whoever reads
/// them next says what is wrong with them. They get a new Kafka timestamp, that of the copy. Belongs to one thread; void
/// after a thrown error.
public final class Rekeyer {
    private let log: any EventLog
    private let inputTopic: String
    private let publishes: Bool
    private let decoder: EventDecoder
    private let clock: () -> UInt64
    private var event = ShopEvent()
    /// It buffers nothing: records go to the log as they come.
    private let commit: OutputCommit
    /// The next offset of each partition.
    private var positions: [Int32: Int64] = [:]
    /// Partitions whose committed offset is being asked for.
    private var awaited: Set<Int32> = []
    /// Records sent on so far.
    public private(set) var records = 0
    /// Records among them that became dead letters, since the internal topic does not take them.
    public private(set) var tooLarge = 0
    private static let batchRecords = 10_000

    /// - Parameters:
    ///   - inputTopic: named in dead letters.
    ///   - publishes: whether dead letters are written, which are others' to read as well; they are counted anyway.
    public init(
        log: any EventLog, inputTopic: String, typeNames: EventTypeNames, publishes: Bool,
        commitIntervalMilliseconds: UInt64, clock: @escaping () -> UInt64
    ) {
        self.log = log
        self.inputTopic = inputTopic
        self.publishes = publishes
        self.clock = clock
        decoder = EventDecoder(typeNames: typeNames)
        commit = OutputCommit(
            OutputCommit.Settings(intervalMilliseconds: commitIntervalMilliseconds), log: log, clock: clock)
    }

    /// Whether records were taken that no commit covers.
    public var hasUncommitted: Bool { positions.contains { $0.value > commit.committed[$0.key] ?? -1 } }
    /// Whether a commit has no outcome yet.
    public var isCommitting: Bool { !commit.isIdle }

    /// One round: outcome of the last commit, a batch of records, the next commit. Returns the records it took.
    @discardableResult
    public func step(timeoutMilliseconds: Int) throws(LogError) -> Int {
        try collectOutcome()
        try beginAwaited()
        // What is appended belongs to the open transaction, and none is open while one is being committed.
        let canRead = commit.isIdle && log.isOpen
        var taken = 0
        var failure: LogError?
        let wait = hasUncommitted ? min(timeoutMilliseconds, Int(commit.dueIn)) : timeoutMilliseconds
        let changes = try log.poll(
            max: canRead ? Self.batchRecords : 0, timeoutMilliseconds: canRead ? wait : 5
        ) { record in
            guard failure == nil, record.offset >= positions[record.partition] ?? .max else { return }
            do throws(LogError) { try send(record) } catch { failure = error }
            positions[record.partition] = record.offset + 1
            taken += 1
        }
        if let failure { throw failure }
        records += taken
        for change in changes { try apply(change) }
        if commit.isIdle, hasUncommitted, log.isOpen, commit.isDue { try commit.begin(positions) }
        return taken
    }

    private func send(_ record: borrowing LogRecord) throws(LogError) {
        var key = record.key
        if let value = record.value, value.count > 0, decoder.decode(value, into: &event) == nil { key = event.user }
        let headers = record.headers
        let size = (key?.count ?? 0) + (record.value?.count ?? 0) + DeadLetterOrigin.size(headers)
        let most = log.bytesMax(.rekeyed)
        guard size > most else {
            return try log.append(
                OutputRecord(topic: .rekeyed, partition: nil, key: key, value: record.value, headers: headers))
        }
        try keep(
            record, headers, detail: "the record of \(size) bytes is not sent on: the internal topic takes \(most)")
    }

    /// Makes a dead letter of a record that its user's topic does not take, without its value where that is too large for
    /// the dead letters as well: the letter says where it is.
    private func keep(
        _ record: borrowing LogRecord, _ own: [RecordHeader], detail: String
    ) throws(LogError) {
        tooLarge += 1
        guard publishes else { return }
        let origin = DeadLetterOrigin(
            code: .tooLarge, detail: detail, topic: inputTopic, partition: record.partition, offset: record.offset)
        let letter = origin.letter(
            key: record.key, value: record.value, own: own, bytesMax: log.bytesMax(.deadLetters))
        try log.append(
            OutputRecord(
                topic: .deadLetters, partition: nil, key: letter.key, value: letter.value, headers: letter.headers))
    }

    private func collectOutcome() throws(LogError) {
        switch try commit.takeOutcome() {
        case .none, .settle: break
        // Nothing was kept to be sent again: whoever starts anew reads it again.
        case .repeatRecords(let reason), .startOver(let reason):
            throw LogError(.retriable, "rekeying: the transaction was aborted: \(reason)")
        case .giveUp(let reason): throw LogError(.fenced, reason)
        }
    }

    /// Commits what was sent on, and waits for it.
    public func settle(timeoutMilliseconds: UInt64) throws(LogError) {
        let deadline = clock() + timeoutMilliseconds
        while true {
            try collectOutcome()
            if commit.isIdle, !hasUncommitted { return }
            if commit.isIdle, log.isOpen { try commit.begin(positions) }
            try commit.wait(until: deadline)
        }
    }

    private func apply(_ change: GroupChange) throws(LogError) {
        switch change {
        case .assigned(let assigned): try take(assigned)
        case .revoked(let revoked):
            try settle(timeoutMilliseconds: 10_000)
            for partition in revoked {
                positions[partition] = nil
                awaited.remove(partition)
            }
            commit.drop(revoked)
            try log.release(revoked)
        case .lost(let lost):
            try log.release(lost)
            throw LogError(.retriable, "rekeying: partitions went to another member")
        case .end(let partition, let offset):
            // Past markers of transactions, which are no records: see `Worker`.
            if let position = positions[partition] { positions[partition] = max(position, offset) }
        }
    }

    private func take(_ assigned: [Int32]) throws(LogError) {
        awaited.formUnion(assigned)
        try log.take(assigned)
    }

    /// Lets those partitions flow whose committed offset is known by now.
    private func beginAwaited() throws(LogError) {
        for partition in awaited.sorted() {
            guard let stored = try log.storedOffset(partition, lastWriter: "") else { continue }
            let start = stored.offset ?? stored.low
            guard start >= stored.low else {
                throw LogError(
                    .state,
                    "rekeying: events \(start) to \(stored.low) of partition \(partition) were deleted before they were read; "
                        + "a deployment under another application.id begins with what is left")
            }
            positions[partition] = start
            commit.note(partition, committed: start)
            awaited.remove(partition)
            try log.resume([partition: start])
        }
    }
}
