internal import Dispatch
internal import Synchronization

/// Shares out numbered pieces of work among threads. Which thread does which piece differs from run to run, so pieces
/// must not depend on one another.
struct ParallelWork {
    let threads: Int
    /// Asked before each piece; pieces are small (well under 10 ms).
    let isCancelled: @Sendable () -> Bool

    /// Calls `worker` once on each thread; it takes pieces from `next` until there are none. Returns false if cancelled.
    func run(pieces: Int, worker: @Sendable (_ next: () -> Int?) -> Void) -> Bool {
        let position = Atomic(0)
        let cancelled = Atomic(false)
        let next: () -> Int? = {
            if cancelled.load(ordering: .relaxed) { return nil }
            if isCancelled() {
                cancelled.store(true, ordering: .relaxed)
                return nil
            }
            let piece = position.wrappingAdd(1, ordering: .relaxed).oldValue
            return piece < pieces ? piece : nil
        }
        if threads <= 1 || pieces <= 1 {
            worker(next)
        } else {
            nonisolated(unsafe) let next = next
            DispatchQueue.concurrentPerform(iterations: min(threads, pieces)) { _ in worker(next) }
        }
        return !cancelled.load(ordering: .relaxed)
    }
}

/// A pointer that several threads write through, each to its own part.
struct SharedPointer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
}
