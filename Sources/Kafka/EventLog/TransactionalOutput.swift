internal import Dispatch
internal import Pipeline
internal import ServiceKit
internal import Synchronization

/// Exactly once: everything between two commits is one transaction, with the offsets and the group's standing.
///
/// Two producers take turns, each with a transactional id of its own. Sending offsets and committing takes 20 to 80 ms, and a
/// producer can send nothing meanwhile: output goes on in a transaction of the other one, as soon as all records of the first
/// are acknowledged, so that a partition gets them in order. One commit at a time: transactions are committed in the order in
/// which they were begun. One whose predecessor was aborted must be aborted as well, which is the caller's to ask for, since
/// the predecessor's records have to come first again.
///
///     first    ── send ── flush ─┬─ offsets ── commit ──┐         ┌─ send ── flush ─┬─ offsets ── …
///     second                     └─ send ───────────────┴─ flush ─┴─ offsets ── commit ──
final class TransactionalOutput: OutputPath {
    private struct Turn {
        let producer: Producer
        let topics: [Producer.Topic]
        /// Whether a transaction is open that no commit has begun to end.
        var isOpen = false
    }

    /// A commit under way; it carries what becomes of it from the queue to the worker.
    private final class Commit: Sendable {
        let isWritten = Atomic(false)
        let result = Mutex<Result<CommitOutcome, LogError>?>(nil)
        private let finished = Latch()

        func finish(_ outcome: Result<CommitOutcome, LogError>) {
            result.withLock { $0 = outcome }
            finished.set()
        }

        func hasFinished(within milliseconds: Int) -> Bool { finished.wait(for: .milliseconds(milliseconds)) }
    }

    private var turns: [Turn]
    /// Whose turn it is to send.
    private var turn = 0
    private var commit: Commit?
    private let consumer: GroupConsumer
    private let queue = DispatchQueue(label: "freshet.commit")

    /// Makes its producers; ends what earlier ones of the same ids left open.
    init(
        _ settings: KafkaSettings, id: String, _ consumer: GroupConsumer, _ names: TopicNames
    ) throws(KafkaError) {
        self.consumer = consumer
        var producers: [Producer] = []
        for id in Self.transactionalIDs(id) {
            var settings = settings
            settings["transactional.id"] = id
            producers.append(try Producer(settings))
        }
        turns = producers.map { Turn(producer: $0, topics: $0.topics(names)) }
        try Self.open(producers)
    }

    /// The transactional ids of whoever is called so.
    static func transactionalIDs(_ name: String) -> [String] { [name, name + ":alternate"] }

    /// All at once: each takes some round trips, or as long as the broker needs to end what was left open.
    private static func open(_ producers: [Producer]) throws(KafkaError) {
        let failure = Mutex<KafkaError?>(nil)
        DispatchQueue.concurrentPerform(iterations: producers.count) { index in
            do throws(KafkaError) { try producers[index].openTransactions() } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private var producer: Producer { turns[turn].producer }

    var isOpen: Bool { commit?.isWritten.load(ordering: .acquiring) ?? true }

    func append(
        _ topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader]
    ) throws(LogError) {
        try openTransaction()
        try producer.sendWaiting(
            turns[turn].topics[topic.rawValue], partition: partition, key: key, value: value, headers: headers, tag: 0)
    }

    var room: Int {
        producer.poll(timeoutMilliseconds: 0)
        return producer.room
    }

    private func openTransaction() throws(LogError) {
        precondition(isOpen, "a partition's records would overtake those of the transaction before")
        guard !turns[turn].isOpen else { return }
        do throws(KafkaError) { try producer.beginTransaction() } catch {
            throw LogError(error, doing: "beginning a transaction")
        }
        turns[turn].isOpen = true
    }

    func beginCommit(_ offsets: [PartitionOffset]) throws(LogError) {
        precondition(commit == nil, "one commit at a time")
        try openTransaction()
        turns[turn].isOpen = false
        let (producer, consumer, commit) = (producer, consumer, Commit())
        self.commit = commit
        turn = 1 - turn
        queue.async {
            let outcome = producer.endTransaction(offsets) { () throws(KafkaError) in
                // Every record is acknowledged.
                commit.isWritten.store(true, ordering: .releasing)
                consumer.wake()
                return try consumer.groupMetadata()
            }
            commit.finish(outcome)
            consumer.wake()
        }
    }

    func outcome() throws(LogError) -> CommitOutcome? {
        guard let outcome = commit?.result.withLock({ $0 }) else { return nil }
        commit = nil
        return try outcome.get()
    }

    /// Its offsets go with the transaction.
    var hasSentOffsets: Bool { true }

    func wait(milliseconds: Int) throws(LogError) {
        if let commit {
            _ = commit.hasFinished(within: milliseconds)
        } else {
            // Whoever waits without a commit does so for acknowledgements, or for a time: asked again at once, it would turn
            // round a whole core.
            producer.poll(timeoutMilliseconds: Int32(milliseconds))
        }
    }

    func abort() throws(LogError) {
        guard turns[turn].isOpen else { return }
        turns[turn].isOpen = false
        do throws(KafkaError) { try producer.abortTransaction(timeoutMilliseconds: 10_000) } catch {
            throw LogError(error, doing: "aborting a transaction")
        }
        _ = producer.takeFailure()
    }

    func serve() { turns.forEach { $0.producer.poll(timeoutMilliseconds: 0) } }

    /// A commit that does not end by itself is left to end with the process: whoever closes gets on. The next producers of
    /// these ids, or the next owner of the partitions, abort what is left open.
    func close() {
        if let commit, !commit.hasFinished(within: 1_000) { return turns.forEach { $0.producer.abandon() } }
        if turns[turn].isOpen { try? producer.abortTransaction(timeoutMilliseconds: 3_000) }
    }
}
