/// How often something goes wrong, a call of the log each.
struct FaultRates {
    /// The instance dies in the call.
    var crash = 0.0
    /// The call takes longer than the session or transaction time-out, while the others go on.
    var stall = 0.0
    /// A transaction is aborted for a reason that may pass.
    var abort = 0.0
    /// A commit takes several times as long.
    var slowCommit = 0.0
    /// Records are delivered again.
    var redelivery = 0.0
    /// A read beside the group breaks off when it has delivered some records.
    var brokenRead = 0.0

    static let none = FaultRates()
}

/// Bugs that a test plants, to see that the checks find them. Each is a log, or a use of the worker, that does what the
/// worker would do with that bug; the worker itself has no such code.
enum PlantedFault: String, CaseIterable, Sendable {
    /// Offsets are committed at once, output and state with the transaction.
    case offsetsBeforeOutput
    /// What should be re-applied in silence, from the marker on, comes in as live records.
    case emittingDuringRestore
    /// Now and then a block of the item log is not sent.
    case droppedBlock
    /// A transaction that was begun while its predecessor's commit was under way goes on when that was aborted.
    case successorKeptAfterAbort
    /// A fenced or expelled member is not told so, and goes on with what it has.
    case stateKeptAfterFencing
    /// The generation changes between two lists of a batch.
    case generationSwappedInBatch
}
