@testable import Pipeline

/// Topics, transactions, and the offsets of one consumer group, in memory and in virtual time.
///
/// Transactions follow Kafka's protocol: a decided transaction gets its markers partition by partition, a producer's
/// newer epoch fences the older one and aborts what it left open, an open one is aborted after a time-out, and offsets
/// in a transaction are pending until their own marker.
final class SimulatedBroker {
    struct Producer {
        var epoch = 0
        var current: SimulatedTransaction?
    }

    let random: SimulationRandom
    let time: VirtualTime
    let transactionTimeout: Int
    private var partitions: [Place: SimulatedPartition] = [:]
    private(set) var producers: [String: Producer] = [:]
    private(set) var offsets: [Int32: Int64] = [:]
    private var pending: [SimulatedTransaction] = []
    /// How far the leader has taken the catalogue over.
    var cataloguePositions: [Int32: Int64] = [:]
    /// Rules that were broken, in words.
    var violations: [String] = []

    init(random: SimulationRandom, time: VirtualTime, transactionTimeout: Int) {
        self.random = random
        self.time = time
        self.transactionTimeout = transactionTimeout
    }

    func partition(_ place: Place) -> SimulatedPartition {
        if let known = partitions[place] { return known }
        let made = SimulatedPartition()
        partitions[place] = made
        return made
    }

    func partition(_ topic: LogTopic, _ number: Int32) -> SimulatedPartition {
        partition(Place(topic: topic, partition: number))
    }

    // MARK: - Producers

    /// Registers a producer; fences the last one of that id and aborts its transaction.
    func initTransactions(_ id: String) -> Int {
        if let orphan = producers[id]?.current { finishNow(orphan) }
        producers[id, default: Producer()].epoch += 1
        return producers[id]?.epoch ?? 0
    }

    /// The open transaction of a producer, or a new one; nil when the producer is fenced.
    func transaction(_ id: String, epoch: Int) -> SimulatedTransaction? {
        guard producers[id]?.epoch == epoch else { return nil }
        if let current = producers[id]?.current, current.state == .open { return current }
        let made = SimulatedTransaction(producer: id, epoch: epoch)
        producers[id]?.current = made
        time.after(transactionTimeout + random.int(0...transactionTimeout)) { [self] in
            guard made.state == .open, producers[id]?.current === made else { return }
            producers[id]?.epoch += 1
            decide(made, commits: false)
        }
        return made
    }

    func append(_ place: Place, _ draft: RecordDraft, transaction: SimulatedTransaction?) {
        if let transaction {
            precondition(transaction.state == .open, "a decided transaction takes no more records")
            if !transaction.places.contains(place) { transaction.places.append(place) }
        }
        partition(place).append(draft, transaction: transaction)
    }

    func add(_ offsets: [Int32: Int64], to transaction: SimulatedTransaction) {
        transaction.offsets.merge(offsets) { $1 }
        if !offsets.isEmpty, !pending.contains(where: { $0 === transaction }) { pending.append(transaction) }
    }

    /// Commits or aborts; markers come partition by partition, in any order.
    func decide(_ transaction: SimulatedTransaction, commits: Bool) {
        precondition(transaction.state == .open, "a transaction is decided once")
        transaction.state = commits ? .committing : .aborting
        transaction.unmarked = Set(transaction.places)
        transaction.hasUnsettledOffsets = true
        for place in transaction.places { time.after(random.int(0...8)) { [self] in mark(transaction, place) } }
        time.after(random.int(0...8)) { [self] in settleOffsets(transaction) }
    }

    private func mark(_ transaction: SimulatedTransaction, _ place: Place) {
        guard transaction.unmarked.remove(place) != nil else { return }
        partition(place).mark(transaction)
        conclude(transaction)
    }

    private func settleOffsets(_ transaction: SimulatedTransaction) {
        guard transaction.hasUnsettledOffsets else { return }
        transaction.hasUnsettledOffsets = false
        pending.removeAll { $0 === transaction }
        if transaction.state == .committing { store(transaction.offsets, by: transaction.producer) }
        conclude(transaction)
    }

    private func conclude(_ transaction: SimulatedTransaction) {
        guard transaction.isDone else { return }
        if producers[transaction.producer]?.current === transaction { producers[transaction.producer]?.current = nil }
        for action in transaction.whenDone { action() }
        transaction.whenDone.removeAll()
    }

    /// Ends a transaction with all its markers at once.
    func finish(_ transaction: SimulatedTransaction) { finishNow(transaction) }

    private func finishNow(_ transaction: SimulatedTransaction) {
        if transaction.state == .open { decide(transaction, commits: false) }
        for place in transaction.places { mark(transaction, place) }
        settleOffsets(transaction)
    }

    // MARK: - Offsets of the group

    func store(_ moved: [Int32: Int64], by writer: String) {
        for (partition, offset) in moved {
            if let before = offsets[partition], offset < before {
                violations.append(
                    "\(writer) moved the offset of partition \(partition) back from \(before) to \(offset)")
            }
            offsets[partition] = offset
        }
    }

    /// Whether offsets of these partitions wait for a transaction.
    func hasPendingOffsets(_ asked: [Int32]) -> Bool {
        pending.contains { transaction in asked.contains { transaction.offsets[$0] != nil } }
    }

    /// How far the newest marker of a partition says that its users are complete.
    func markedOffset(_ number: Int32) -> Int64? {
        for record in partition(.users, number).committed.reversed() where record.key == Array("m".utf8) {
            guard let value = record.value else { continue }
            return value.withUnsafeBytes { try? CheckpointRecord.Marker($0).offset }
        }
        return nil
    }
}
