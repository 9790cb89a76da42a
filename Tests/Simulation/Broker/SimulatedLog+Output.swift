import Events
import Pipeline

extension SimulatedLog {
    var isOpen: Bool { !isCommitting || isWritten }
    var room: Int { random.chance(0.7) ? .max : random.int(0...3) }

    func append(_ record: borrowing OutputRecord) throws(LogError) {
        // Without transactions nothing fences a process that stands still between its last look at the clock and here.
        try mayFail(stalls: isTransactional)
        precondition(isOpen || !isTransactional, "records would overtake those of the transaction before")
        appended[record.topic, default: 0] += 1
        checkOutput(record)
        if planted == .droppedBlock, record.topic == .itemLog, random.chance(0.1) { return }
        let draft = RecordDraft(
            key: record.key.map(Array.init), value: record.value.map(Array.init), headers: record.headers, writer: name)
        turns[turn].outbox.append((Place(topic: record.topic, partition: record.partition ?? 0), draft, time.now))
        if random.chance(0.3) { drain(turn, everything: random.chance(0.3)) }
    }

    /// Hands what waits to the broker, in order for each partition.
    func drain(_ turn: Int, everything: Bool) {
        guard !isDead, !turns[turn].outbox.isEmpty else { return }
        var transaction: SimulatedTransaction?
        if isTransactional {
            // The records of a fenced producer go nowhere; it hears of that when it commits.
            let producer = turns[turn]
            guard let open = broker.transaction(producer.id, epoch: producer.epoch), open.state == .open else {
                turns[turn].outbox.removeAll()
                return
            }
            transaction = open
        }
        var left: [(place: Place, draft: RecordDraft, since: UInt64)] = []
        var held: Set<Place> = []
        for (place, draft, since) in turns[turn].outbox {
            if !isTransactional, hasLostRecords || time.now > since + UInt64(messageTimeout) {
                hasLostRecords = true
            } else if !everything, held.contains(place) || random.chance(0.4) {
                held.insert(place)
                left.append((place, draft, since))
            } else {
                broker.append(place, draft, transaction: transaction)
            }
        }
        turns[turn].outbox = left
    }

    func beginCommit(_ offsets: [Int32: Int64]) throws(LogError) {
        try mayFail()
        precondition(!isCommitting, "one commit at a time")
        isCommitting = true
        isWritten = false
        result = nil
        let pace = random.chance(rates.slowCommit) ? 20 : 1
        if isTransactional {
            let ending = turn
            turn = 1 - turn
            background(random.int(0...6) * pace) { [self] in flush(ending, offsets, pace: pace) }
        } else {
            background(random.int(0...6) * pace) { [self] in acknowledge(offsets, pace: pace) }
        }
    }

    func outcome() throws(LogError) -> CommitOutcome? {
        try mayFail()
        if hasLostRecords { throw LogError(.retriable, "writing output: records timed out") }
        guard isCommitting, let known = result else { return nil }
        isCommitting = false
        result = nil
        return try known.get()
    }

    func waitForOutcome(timeoutMilliseconds: Int) throws(LogError) {
        try mayFail()
        time.advance(random.int(1...max(1, min(10, timeoutMilliseconds))))
    }

    func abort() throws(LogError) {
        try mayFail()
        precondition(!isCommitting, "the predecessor of what is aborted has an outcome")
        if planted != .successorKeptAfterAbort { abortOpen(turn) }
    }

    func abortOpen(_ turn: Int) {
        turns[turn].outbox.removeAll()
        let producer = turns[turn]
        guard let open = broker.producers[producer.id]?.current, open.epoch == producer.epoch, open.state == .open
        else { return }
        broker.decide(open, commits: false)
    }

    // MARK: - On the thread that commits

    /// Something that the process does later: not while it is frozen, and never when it is dead.
    private func background(_ delay: Int, _ action: @escaping () -> Void) {
        time.after(delay) { [self] in
            if isDead { return }
            if isFrozen {
                deferred.append { [self] in background(0, action) }
            } else {
                action()
            }
        }
    }

    private func flush(_ turn: Int, _ offsets: [Int32: Int64], pace: Int) {
        guard let transaction = broker.transaction(turns[turn].id, epoch: turns[turn].epoch) else {
            return fenced(turn)
        }
        drain(turn, everything: true)
        isWritten = true
        background(random.int(0...6) * pace) { [self] in sendOffsets(turn, transaction, offsets, pace: pace) }
    }

    private func sendOffsets(
        _ turn: Int, _ transaction: SimulatedTransaction, _ offsets: [Int32: Int64], pace: Int
    ) {
        guard transaction.state == .open else { return fenced(turn) }
        if !offsets.isEmpty, !group.isCurrent(memberID) {
            return abandon(transaction, "the group has another generation")
        }
        if random.chance(rates.abort) { return abandon(transaction, "a broker did not answer") }
        if planted == .offsetsBeforeOutput {
            broker.store(offsets, by: name)
        } else {
            broker.add(offsets, to: transaction)
        }
        background(random.int(0...6) * pace) { [self] in commitTransaction(turn, transaction) }
    }

    private func commitTransaction(_ turn: Int, _ transaction: SimulatedTransaction) {
        guard broker.producers[turns[turn].id]?.epoch == turns[turn].epoch, transaction.state == .open else {
            return fenced(turn)
        }
        if random.chance(rates.abort) { return abandon(transaction, "a replica was missing") }
        transaction.whenDone.append { [self] in result = .success(.committed) }
        broker.decide(transaction, commits: true)
    }

    private func abandon(_ transaction: SimulatedTransaction, _ reason: String) {
        transaction.whenDone.append { [self] in result = .success(.aborted(reason: reason)) }
        broker.decide(transaction, commits: false)
    }

    /// The transaction timed out, or another instance has the id. The first may be mended by a new epoch (KIP-360).
    private func fenced(_ turn: Int) {
        let hasTimedOut = !isReplacedAsProducer
        if planted == .stateKeptAfterFencing || (hasTimedOut && random.chance(0.5)) {
            turns[turn].epoch = broker.initTransactions(turns[turn].id)
            turns[turn].outbox.removeAll()
            result = .success(.aborted(reason: "the transaction timed out"))
        } else {
            result = .success(.fenced(reason: "the producer is fenced"))
        }
    }

    /// Whether a newer session works under the same transactional id.
    private var isReplacedAsProducer: Bool { group.members.contains { $0.session !== self && $0.session.name == name } }

    private func acknowledge(_ offsets: [Int32: Int64], pace: Int) {
        drain(turn, everything: true)
        if hasLostRecords { return }
        background(random.int(0...6) * pace) { [self] in
            guard offsets.isEmpty || group.isCurrent(memberID) else {
                if group.has(memberID), random.chance(0.8) { return acknowledge(offsets, pace: pace) }
                result = .failure(LogError(.retriable, "committing offsets: the group has another generation"))
                return
            }
            broker.store(offsets, by: name)
            result = .success(.committed)
        }
    }

    // MARK: - What may be sent

    /// Only live partitions have output, and of offsets that were not committed when they were taken up.
    private func checkOutput(_ record: borrowing OutputRecord) {
        let found: (partition: Int32, offset: Int64)
        switch record.topic {
        case .deadLetters:
            guard let origin = DeadLetter.origin(record.headers) else {
                return broker.violations.append("a dead letter of \(name) does not say where it comes from")
            }
            found = origin
        case .recommendations:
            guard let value = record.value, let list = PublishedList(Array(value)) else { return }
            found = (list.partition, list.offset)
        default: return
        }
        let what = "\(name) sends a record of \(record.topic) for partition \(found.partition)"
        guard let fetch = fetches[found.partition] else {
            return broker.violations.append("\(what), which it does not have")
        }
        if !fetch.isResumed { broker.violations.append("\(what), which is being restored") }
        if record.topic == .deadLetters, found.offset < fetch.start {
            broker.violations.append("\(what), offset \(found.offset), before \(fetch.start) where it took it up")
        }
    }
}
