import Pipeline
import Testing

/// The end of a transaction, edge by edge: every kind of failure in every step.
struct TransactionEndTests {
    private static let retriable = TransactionFailure(.retriable, LogError(.retriable, "timed out"))
    private static let abortable = TransactionFailure(.abortable, LogError(.retriable, "illegal generation"))
    private static let refused = TransactionFailure(.refused, LogError(.retriable, "too large"))
    private static let fenced = TransactionFailure(.fenced, LogError(.retriable, "another producer"))
    private static let fatal = TransactionFailure(.fatal, LogError(.retriable, "out of sequence"))

    /// The three steps before an outcome, each with the action that repeats it.
    private static let steps: [(TransactionEnd, TransactionEnd.Action)] = [
        (.flushing(attempt: 1), .flush), (.offering(attempt: 1), .offerOffsets), (.committing(attempt: 1), .commit),
    ]

    private func failure(_ kind: TransactionFailure.Kind) -> TransactionFailure {
        TransactionFailure(kind, LogError(.retriable, "why"))
    }

    private static let aborting = TransactionEnd.aborting(attempt: 1, cause: abortable)

    @Test func itFlushesThenOffersOffsetsThenCommits() {
        var end = TransactionEnd()
        #expect(end == .flushing(attempt: 1))
        #expect(end.succeeded() == .offerOffsets)
        #expect(end == .offering(attempt: 1))
        #expect(end.succeeded() == .commit)
        #expect(end == .committing(attempt: 1))
        #expect(end.succeeded() == .end(.committed))
        #expect(end == .ended)
    }

    @Test func aRetriableFailureRepeatsItsStepOnly() {
        for (step, action) in Self.steps {
            var end = step
            #expect(end.failed(Self.retriable) == action)
            #expect(end != step && end != .ended)
            var once = step
            #expect(end.succeeded() == once.succeeded())
            #expect(end == once, "the next step begins to count anew")
        }
    }

    @Test func aStepThatIsRetriedTooOftenIsAborted() {
        for (step, action) in Self.steps.dropLast() {
            var end = step
            for _ in 1..<TransactionEnd.attemptsMax { #expect(end.failed(Self.retriable) == action) }
            #expect(end.failed(Self.retriable) == .abort)
            #expect(end == .aborting(attempt: 1, cause: Self.retriable))
        }
    }

    /// It may have happened.
    @Test func aCommitThatIsNeverAnsweredIsNotAborted() {
        var end = TransactionEnd.committing(attempt: 1)
        for _ in 1..<TransactionEnd.attemptsMax { #expect(end.failed(Self.retriable) == .commit) }
        #expect(end.failed(Self.retriable) == .fail(Self.retriable.error))
        #expect(end == .ended)
    }

    @Test func anAbortableFailureAborts() {
        for (step, _) in Self.steps {
            var end = step
            #expect(end.failed(Self.abortable) == .abort)
            #expect(end == .aborting(attempt: 1, cause: Self.abortable))
            #expect(end.succeeded() == .end(.aborted(reason: "illegal generation")))
            #expect(end == .ended)
        }
    }

    @Test func aRefusedRecordIsAbortedAndNotSentAgain() {
        for (step, _) in Self.steps {
            var end = step
            #expect(end.failed(Self.refused) == .abort)
            #expect(end.succeeded() == .fail(Self.refused.error))
            #expect(end == .ended)
        }
    }

    @Test func aFencedOneEndsInEveryStepWithoutAnAbort() {
        for step in Self.steps.map(\.0) + [Self.aborting] {
            var end = step
            #expect(end.failed(Self.fenced) == .end(.fenced(reason: "another producer")))
            #expect(end == .ended)
        }
    }

    @Test func aFatalFailureEndsInEveryStepWithoutAnAbort() {
        for step in Self.steps.map(\.0) + [Self.aborting] {
            var end = step
            #expect(end.failed(Self.fatal) == .fail(Self.fatal.error))
            #expect(end == .ended)
        }
    }

    @Test func anAbortIsRepeatedAndKeepsItsCause() {
        var end = Self.aborting
        for _ in 1..<TransactionEnd.attemptsMax { #expect(end.failed(Self.retriable) == .abort) }
        #expect(end == .aborting(attempt: TransactionEnd.attemptsMax, cause: Self.abortable))
        var last = end
        #expect(last.failed(Self.retriable) == .fail(Self.retriable.error), "a new producer has to settle it")
        #expect(last == .ended)
        #expect(end.succeeded() == .end(.aborted(reason: "illegal generation")))
    }

    @Test func anAbortThatIsNotPossibleFails() {
        for failure in [Self.abortable, Self.refused] {
            var end = Self.aborting
            #expect(end.failed(failure) == .fail(failure.error))
            #expect(end == .ended)
        }
    }

    @Test func aRefusalStaysTheReasonWhereTheAbortFails() {
        var end = TransactionEnd.aborting(attempt: TransactionEnd.attemptsMax, cause: Self.refused)
        #expect(end.failed(Self.retriable) == .fail(Self.refused.error))
    }

    @Test func nothingFollowsTheEnd() {
        for kind in TransactionFailure.Kind.allCases {
            var end = TransactionEnd.ended
            #expect(end.failed(failure(kind)) == .none)
            #expect(end.succeeded() == .none)
            #expect(end == .ended)
        }
    }

    /// Whatever happens, an end comes in a bounded number of steps, and only a commit that succeeded is called one.
    @Test func everyCourseEnds() {
        for seed in UInt64(1)...2_000 {
            var random = Seeded(seed)
            var end = TransactionEnd()
            var action = TransactionEnd.Action.flush
            var lastStep = action
            var steps = 0
            while end != .ended {
                steps += 1
                lastStep = action
                let kinds = TransactionFailure.Kind.allCases
                action =
                    random.next() % 3 == 0
                    ? end.failed(failure(kinds.randomElement(using: &random)!))
                    : end.succeeded()
            }
            #expect(steps <= 4 * TransactionEnd.attemptsMax)
            switch action {
            case .end(.committed): #expect(lastStep == .commit)
            case .end(.aborted): #expect(lastStep == .abort)
            case .end(.fenced), .fail: break
            default: Issue.record("\(action) is no end")
            }
        }
    }
}
