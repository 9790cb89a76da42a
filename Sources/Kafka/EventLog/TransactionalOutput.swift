internal import Dispatch
internal import Glibc
internal import Pipeline
internal import Synchronization

/// Exactly once: everything between two commits is one transaction, with the offsets and the group's standing.
///
/// Flushing, sending offsets and committing take about 30 ms and happen on a queue of their own; the worker folds and
/// ranks into a buffer meanwhile, since nothing may be sent before the next transaction begins.
final class TransactionalOutput: OutputPath {
    private enum Phase {
        /// No transaction is open.
        case closed
        case open
        case committing
    }

    private let producer: Producer
    private let consumer: GroupConsumer
    private let queue = DispatchQueue(label: "freshet.commit")
    /// Of the commit under way: signalled once, and left so.
    private var finished = DispatchSemaphore(value: 0)
    private let result = Outcome()

    /// Carries a commit's outcome from the queue to the worker.
    private final class Outcome: Sendable {
        let value = Mutex<Result<CommitOutcome, LogError>?>(nil)
    }

    private var phase = Phase.closed

    init(_ producer: Producer, _ consumer: GroupConsumer) throws(KafkaError) {
        self.producer = producer
        self.consumer = consumer
        try producer.openTransactions()
    }

    var isOpen: Bool { phase != .committing }

    func append(
        _ topic: Producer.Topic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [MessageHeader]
    ) throws(LogError) {
        try openTransaction()
        try producer.sendWaiting(topic, partition: partition, key: key, value: value, headers: headers, tag: 0)
    }

    var room: Int {
        serve()
        return producer.room
    }

    private func openTransaction() throws(LogError) {
        guard phase == .closed else { return }
        do throws(KafkaError) { try producer.beginTransaction() } catch {
            throw LogError(error, doing: "beginning a transaction")
        }
        phase = .open
    }

    func beginCommit(_ offsets: [PartitionOffset]) throws(LogError) {
        try openTransaction()
        phase = .committing
        finished = DispatchSemaphore(value: 0)
        let (producer, consumer, result, finished) = (producer, consumer, result, finished)
        queue.async {
            let outcome = Self.commit(producer, consumer, offsets)
            result.value.withLock { $0 = outcome }
            finished.signal()
            consumer.wake()
        }
    }

    func outcome() throws(LogError) -> CommitOutcome? {
        guard phase == .committing, let outcome = result.value.withLock({ $0.take() }) else { return nil }
        phase = .closed
        return try outcome.get()
    }

    /// Its offsets go with the transaction.
    var hasSentOffsets: Bool { true }

    func wait(milliseconds: Int) throws(LogError) {
        guard phase == .committing else { return }
        if hasFinished(within: milliseconds) { finished.signal() }
    }

    private func hasFinished(within milliseconds: Int) -> Bool {
        finished.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    func abort() throws(LogError) {
        guard phase == .open else { return }
        phase = .closed
        do throws(KafkaError) { try producer.abortTransaction(timeoutMilliseconds: 10_000) } catch {
            throw LogError(error, doing: "aborting a transaction")
        }
        _ = producer.takeFailure()
    }

    func serve() { producer.poll(timeoutMilliseconds: 0) }

    /// A commit that does not end by itself is left to end with the process: whoever closes gets on. The next producer of
    /// this id, or the next owner of the partitions, aborts what it leaves open.
    func close() {
        if phase == .committing, !hasFinished(within: 1_000) { return producer.abandon() }
        if phase == .open { try? producer.abortTransaction(timeoutMilliseconds: 3_000) }
    }

    // MARK: - On the queue

    /// A commit is answered before its markers are written; a record that is sent in between is told "concurrent
    /// transactions", and librdkafka asks again after 20 ms. Waiting for the markers takes a few: it halved the wait of the
    /// slowest hundredth of lists (measured with 0, 3, 5 and 10 ms).
    private static let markersMicroseconds: UInt32 = 3_000

    private static func commit(
        _ producer: Producer, _ consumer: GroupConsumer, _ offsets: [PartitionOffset]
    ) -> Result<CommitOutcome, LogError> {
        let outcome = producer.endTransaction(offsets) { () throws(KafkaError) in
            // A member that was expelled has no standing to show, and offsets without one would not be checked.
            guard consumer.memberID != nil, !consumer.isAssignmentLost else {
                throw KafkaError(code: .unknownMember, message: "this member is no longer in its group")
            }
            return try consumer.groupMetadata()
        }
        if case .success(.committed) = outcome { usleep(markersMicroseconds) }
        return outcome
    }
}
