internal import CRdKafka

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
    public func sendOffsets(
        _ offsets: [PartitionOffset], group: GroupMetadata, timeoutMilliseconds: Int32
    ) throws(KafkaError) {
        let list = PartitionList(offsets)
        try KafkaError.check(
            consuming: rd_kafka_send_offsets_to_transaction(client.raw, list.raw, group.raw, timeoutMilliseconds))
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
