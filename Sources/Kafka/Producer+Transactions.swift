internal import CRdKafka
internal import Dispatch
internal import ServiceKit
internal import Synchronization

/// Transactions. Each call throws an error whose flags say how to go on: fatal or fenced, give the producer up;
/// abortable, abort and do the same records again; retriable, call again.
///
/// After a broker's outage an abort may time out again and again, or fail for good (`INVALID_TXN_STATE`, where the broker
/// had aborted the transaction by itself): a new producer with the same id is the way on then, and its
/// ``initTransactions(timeoutMilliseconds:)`` may have to be called again until the broker has settled.
///
/// The cheap order is flush, send offsets, commit: a commit that has to flush as well takes three times as long,
/// because the first records after a commit meet "concurrent transactions" at the broker and are retried.
extension Producer {
    /// Fences any other producer with this `transactional.id`, aborts what it left open, and waits until its commits
    /// are settled. Once, before the first transaction; 1–2 s on a cluster that has never seen a transaction. A retriable
    /// time-out leaves it under way: call again.
    public func initTransactions(timeoutMilliseconds: Int32) throws(KafkaError) {
        try KafkaError.check(consuming: rd_kafka_init_transactions(client.raw, timeoutMilliseconds))
    }

    /// From here on every record belongs to the transaction.
    public func beginTransaction() throws(KafkaError) {
        try KafkaError.check(consuming: rd_kafka_begin_transaction(client.raw))
    }

    /// Adds the consumed offsets (each of the *next* record) to the transaction. With `group` fetched just before, a
    /// member that the group has replaced gets an abortable error.
    ///
    /// librdkafka (2.0.2) may not come back from this call at all: seen where the group's coordinator was just being made.
    /// So it is made on a thread of its own, and one that is long overdue is fatal: a new producer with the same id goes on.
    public func sendOffsets(
        _ offsets: [PartitionOffset], group: GroupMetadata, timeoutMilliseconds: Int32
    ) throws(KafkaError) {
        let call = OffsetsCall(client, offsets, group, timeoutMilliseconds)
        offsetsQueue.async { call.run() }
        guard let result = call.wait(milliseconds: Int(timeoutMilliseconds) + 10_000) else {
            client.markStuck()
            throw KafkaError(
                code: .timedOut,
                message: "librdkafka \(LibraryVersion.linked) has not come back from sending offsets", isFatal: true)
        }
        try result.get()
    }

    /// Flushes, then commits. A retriable error (a time-out) leaves the commit under way: call again.
    public func commitTransaction(timeoutMilliseconds: Int32) throws(KafkaError) {
        try KafkaError.check(consuming: rd_kafka_commit_transaction(client.raw, timeoutMilliseconds))
    }

    /// Purges what is queued, then aborts. Each purged record counts as a failure, so ask ``takeFailure()`` once before
    /// the next transaction.
    public func abortTransaction(timeoutMilliseconds: Int32) throws(KafkaError) {
        try KafkaError.check(consuming: rd_kafka_abort_transaction(client.raw, timeoutMilliseconds))
    }
}

/// One call that may never return.
private final class OffsetsCall: Sendable {
    private let client: ClientHandle
    private let offsets: [PartitionOffset]
    private let group: GroupMetadata
    private let timeoutMilliseconds: Int32
    private let result = Mutex<Result<Void, KafkaError>?>(nil)
    private let isOver = Latch()

    init(_ client: ClientHandle, _ offsets: [PartitionOffset], _ group: GroupMetadata, _ timeoutMilliseconds: Int32) {
        self.client = client
        self.offsets = offsets
        self.group = group
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    func run() {
        let list = PartitionList(offsets)
        let error = rd_kafka_send_offsets_to_transaction(client.raw, list.raw, group.raw, timeoutMilliseconds)
        let outcome: Result<Void, KafkaError>
        do throws(KafkaError) {
            try KafkaError.check(consuming: error)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        result.withLock { $0 = outcome }
        isOver.set()
    }

    /// Nil when the time is up.
    func wait(milliseconds: Int) -> Result<Void, KafkaError>? {
        guard isOver.wait(for: .milliseconds(milliseconds)) else { return nil }
        return result.withLock { $0 }
    }
}
