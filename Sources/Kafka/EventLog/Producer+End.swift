internal import Pipeline

/// How long each step of a transaction's end may take before it counts as a retriable failure, ms.
struct TransactionTimeouts {
    var flush: Int32 = 4_000
    var offsets: Int32 = 5_000
    var commit: Int32 = 5_000
    var abort: Int32 = 5_000
}

extension Producer {
    /// ``initTransactions(timeoutMilliseconds:)``, asked again while the broker is settling what an earlier producer of this
    /// id has left. In less than a minute: whoever waits for longer is taken for dead.
    public func openTransactions() throws(KafkaError) {
        for _ in 0..<2 {
            do throws(KafkaError) { return try initTransactions(timeoutMilliseconds: 15_000) } catch {
                guard error.isRetriable, !error.isAbortable, !error.isFatal else { throw error }
            }
        }
        try initTransactions(timeoutMilliseconds: 15_000)
    }

    /// Ends the open transaction, in the steps that ``TransactionEnd`` asks for.
    ///
    /// - Parameters:
    ///   - offsets: of the next record of each partition; none leaves the group as it is.
    ///   - standing: the group's metadata, fetched when it is needed, so that a member that the group has replaced is told
    ///     so; throws where this producer has no standing to commit any more.
    ///   - permission: asked once, right before the commit, when the group's offsets wait for it; throws where it must not be.
    func endTransaction(
        _ offsets: [PartitionOffset], timeouts: TransactionTimeouts = TransactionTimeouts(),
        standing: () throws(KafkaError) -> GroupMetadata, permission: () throws(KafkaError) -> Void = {}
    ) -> Result<CommitOutcome, LogError> {
        var end = TransactionEnd()
        var action = TransactionEnd.Action.flush
        while true {
            var doing = ""
            do throws(KafkaError) {
                switch action {
                case .flush:
                    doing = "writing output"
                    try flush(timeoutMilliseconds: timeouts.flush)
                    if let failure = takeFailure(), !failure.isPurged { throw failure.abortable }
                case .offerOffsets:
                    doing = "adding offsets to a transaction"
                    let group = try standing()
                    if !offsets.isEmpty {
                        try sendOffsets(offsets, group: group, timeoutMilliseconds: timeouts.offsets)
                    }
                case .commit:
                    doing = "committing"
                    // A commit that is under way is not to be stopped any more.
                    if end == .committing(attempt: 1) { try permission() }
                    try commitTransaction(timeoutMilliseconds: timeouts.commit)
                case .abort:
                    doing = "aborting a transaction"
                    try abortTransaction(timeoutMilliseconds: timeouts.abort)
                    // What was purged is no failure of the next transaction.
                    _ = takeFailure()
                case .end(let outcome): return .success(outcome)
                case .fail(let error): return .failure(error)
                case .none: preconditionFailure("a transaction's end has no step")
                }
                action = end.succeeded()
            } catch {
                action = end.failed(error.transactionFailure(doing: doing))
            }
        }
    }
}

extension KafkaError {
    /// What a transaction has to do about this error.
    func transactionFailure(doing what: String) -> TransactionFailure {
        let kind: TransactionFailure.Kind
        if isFenced {
            kind = .fenced
        } else if isFatal {
            kind = .fatal
        } else if code == .messageTooLarge || isAboutRightsOrTopics {
            kind = .refused
        } else if isRetriable, !isAbortable {
            kind = .retriable
        } else {
            kind = .abortable
        }
        return TransactionFailure(kind, LogError(self, doing: what))
    }

    /// A delivery report has no flags; a transaction that lost a record must be aborted.
    var abortable: KafkaError {
        KafkaError(code: code, message: message, isFatal: isFatal, isAbortable: true)
    }

    /// A record that an abort threw away.
    var isPurged: Bool { code == .purgedFromQueue || code == .purgedInFlight }
}
