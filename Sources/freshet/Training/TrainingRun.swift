import Synchronization

/// One training beside the leader's thread, from its beginning until what came of it has been taken over.
///
///     idle ──begin──► running ──end──► ended ──clear──► idle
///                        └──end without an outcome──► idle
///
/// The thread that trains ends it, the leader's does the rest.
final class TrainingRun<Outcome: Sendable>: Sendable {
    /// It may be tried again.
    struct Failed: Error, Equatable {}

    private enum State {
        case idle
        case running(share: Double)
        case ended(Result<Outcome, Failed>)
    }

    private let state = Mutex(State.idle)

    var isIdle: Bool { state.withLock { if case .idle = $0 { true } else { false } } }

    var isRunning: Bool { state.withLock { if case .running = $0 { true } else { false } } }

    /// The share that is done; 0 while nothing is being trained.
    var share: Double { state.withLock { if case .running(let share) = $0 { share } else { 0 } } }

    /// What came of it, until it is cleared: a leader who starts over finds it again.
    var result: Result<Outcome, Failed>? { state.withLock { if case .ended(let result) = $0 { result } else { nil } } }

    func begin() {
        state.withLock {
            guard case .idle = $0 else { preconditionFailure("one training at a time") }
            $0 = .running(share: 0)
        }
    }

    func note(share: Double) {
        state.withLock { if case .running = $0 { $0 = .running(share: share) } }
    }

    /// - Parameter result: nil where nothing came of it that somebody waits for.
    func end(_ result: Result<Outcome, Failed>?) {
        state.withLock { $0 = result.map { State.ended($0) } ?? .idle }
    }

    func clear() { state.withLock { $0 = .idle } }
}
