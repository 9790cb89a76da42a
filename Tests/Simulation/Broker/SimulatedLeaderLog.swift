import Pipeline

/// The leader's side of the simulated broker: election, and output that counts as a whole where there are transactions.
final class SimulatedLeaderLog: LeaderLog {
    private let session: SimulatedLog
    private let leadership: Leadership
    private var term: Int?
    private var epoch = 0
    private var added: [(place: Place, draft: RecordDraft)] = []

    private var broker: SimulatedBroker { session.broker }
    private var name: String { session.name + "-leader" }

    init(_ session: SimulatedLog, _ leadership: Leadership) {
        self.session = session
        self.leadership = leadership
    }

    func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool {
        try session.mayFail()
        // A leader that was deposed hears of it late.
        if let term, leadership.term != term || leadership.holder !== session, session.random.chance(0.7) {
            self.term = nil
            added.removeAll()
            return false
        }
        guard term == nil else { return true }
        guard let now = leadership.ask(session) else { return false }
        term = now
        added.removeAll()
        if session.isTransactional { epoch = broker.initTransactions(name) }
        return true
    }

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        try session.reader(topic, partition: partition, from: offset)
    }

    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] {
        try session.mayFail()
        return [0]
    }

    func cataloguePositions() throws(LogError) -> [Int32: Int64] {
        try session.mayFail()
        return broker.cataloguePositions
    }

    func add(_ record: borrowing OutputRecord) {
        let draft = RecordDraft(
            key: record.key.map(Array.init), value: record.value.map(Array.init), headers: record.headers, writer: name)
        added.append((Place(topic: record.topic, partition: record.partition ?? 0), draft))
    }

    func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError) {
        try session.mayFail()
        guard session.isTransactional else {
            // Record by record: a crash leaves a part.
            while !added.isEmpty {
                let (place, draft) = added.removeFirst()
                broker.append(place, draft, transaction: nil)
                try session.mayFail(stalls: false)
            }
            guard leadership.holder === session else { throw LogError(.retriable, "another member leads") }
            broker.cataloguePositions.merge(catalogue) { $1 }
            return
        }
        guard let transaction = broker.transaction(name, epoch: epoch), transaction.state == .open else {
            throw LogError(.fenced, "another member leads")
        }
        for (place, draft) in added { broker.append(place, draft, transaction: transaction) }
        added.removeAll()
        try session.mayFail()
        guard leadership.holder === session, leadership.term == term, broker.producers[name]?.epoch == epoch,
            transaction.state == .open
        else {
            if transaction.state == .open { broker.decide(transaction, commits: false) }
            throw LogError(.fenced, "another member leads")
        }
        broker.decide(transaction, commits: true)
        broker.finish(transaction)
        broker.cataloguePositions.merge(catalogue) { $1 }
    }
}
