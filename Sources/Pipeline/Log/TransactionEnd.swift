/// How a transaction ends, as a state machine: what became of one step says which comes next.
///
///     flushing ──► offering ──► committing ──► ended (committed)
///        │            │             │
///        └────────────┴─────────────┴── abortable, refused, retried too often ──► aborting ──► ended (aborted, refused)
///
/// A retriable failure repeats its step; a fenced or fatal one ends at once, whatever the step: the producer is of no use
/// any more, and its transaction is the broker's to abort (KIP-98, KIP-447; librdkafka's three flags of an error). So is a
/// commit that was never answered: it may have happened, so nothing must be aborted or sent again, and the next producer of
/// this id waits until the broker has settled it.
public enum TransactionEnd: Equatable, Sendable {
    /// Waits until every record is acknowledged; a commit that has to flush as well takes three times as long.
    case flushing(attempt: Int)
    /// Adds the consumed offsets, with the standing of this member in its group.
    case offering(attempt: Int)
    case committing(attempt: Int)
    case aborting(attempt: Int, cause: TransactionFailure)
    case ended

    /// What is to be done now; its outcome goes to ``succeeded()`` or ``failed(_:)``.
    public enum Action: Equatable, Sendable {
        case flush
        case offerOffsets
        case commit
        case abort
        case end(CommitOutcome)
        /// The output is of no use any more, or somebody has to mend what the failure says.
        case fail(LogError)
        case none
    }

    /// A step that fails so often, each time with leave to try again, is given up: aborted, but for a commit.
    public static let attemptsMax = 6

    /// The end of an open transaction; the first action is to flush.
    public init() { self = .flushing(attempt: 1) }

    /// Takes note that the step under way has succeeded.
    /// - Returns: what is to be done next; `.none` where it has ended already.
    public mutating func succeeded() -> Action {
        switch self {
        case .flushing:
            self = .offering(attempt: 1)
            return .offerOffsets
        case .offering:
            self = .committing(attempt: 1)
            return .commit
        case .committing:
            self = .ended
            return .end(.committed)
        case .aborting(_, let cause):
            self = .ended
            // Sent again, the same records would be refused again.
            return cause.kind == .refused ? .fail(cause.error) : .end(.aborted(reason: cause.error.message))
        case .ended: return .none
        }
    }

    /// Takes note that the step under way has failed.
    /// - Returns: what is to be done next; `.none` where it has ended already.
    public mutating func failed(_ failure: TransactionFailure) -> Action {
        guard self != .ended else { return .none }
        switch failure.kind {
        case .fenced:
            self = .ended
            return .end(.fenced(reason: failure.error.message))
        case .fatal:
            self = .ended
            return .fail(failure.error)
        case .retriable:
            if let again = repeated() { return again }
            if case .committing = self {
                self = .ended
                return .fail(failure.error)
            }
        case .abortable, .refused: break
        }
        if case .aborting(_, let cause) = self {
            self = .ended
            // Somebody has to mend what was refused, whatever became of the abort.
            return .fail(cause.kind == .refused ? cause.error : failure.error)
        }
        self = .aborting(attempt: 1, cause: failure)
        return .abort
    }

    private mutating func repeated() -> Action? {
        switch self {
        case .flushing(let attempt) where attempt < Self.attemptsMax:
            self = .flushing(attempt: attempt + 1)
            return .flush
        case .offering(let attempt) where attempt < Self.attemptsMax:
            self = .offering(attempt: attempt + 1)
            return .offerOffsets
        case .committing(let attempt) where attempt < Self.attemptsMax:
            self = .committing(attempt: attempt + 1)
            return .commit
        case .aborting(let attempt, let cause) where attempt < Self.attemptsMax:
            self = .aborting(attempt: attempt + 1, cause: cause)
            return .abort
        default: return nil
        }
    }
}

/// Why a step of a transaction did not succeed.
public struct TransactionFailure: Equatable, Sendable {
    /// What can be done after it.
    public enum Kind: Equatable, Sendable, CaseIterable {
        /// The very same call may be made again.
        case retriable
        /// The transaction must be aborted; then the same records may be sent again.
        case abortable
        /// A record was refused for what it is, or for want of rights: sent again, it would be refused again.
        case refused
        /// Another producer or member has taken this one's place.
        case fenced
        /// The producer is beyond repair: a new one has to go on from what is committed.
        case fatal
    }

    public let kind: Kind
    /// For whoever has to start over, or to mend something.
    public let error: LogError

    public init(_ kind: Kind, _ error: LogError) {
        self.kind = kind
        self.error = error
    }
}
