internal import Dispatch
internal import Synchronization

/// Wakes librdkafka's threads that fetch, beside whoever asks for it, until the client's farewell begins: a client that is
/// being closed may never answer, and would never be freed.
final class WakeQueue: Sendable {
    private let queue = DispatchQueue(label: "freshet.wake")
    private let isOver = Atomic(false)

    /// Twice, since the first question may come before the library has taken up what it is asked after.
    func wake(_ body: @escaping @Sendable () -> Void) {
        for delay in [0, 20] {
            queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { [self] in
                if !isOver.load(ordering: .acquiring) { body() }
            }
        }
    }

    /// Nothing is asked any more when this returns, nor later.
    func end() {
        isOver.store(true, ordering: .releasing)
        queue.sync {}
    }
}
