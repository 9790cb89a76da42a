internal import Glibc
internal import Synchronization

/// Shares out numbered pieces of work among threads. Which thread does which piece differs from run to run, so pieces
/// must not depend on one another.
struct ParallelWork {
    let threads: Int
    /// Asked before each piece; pieces are small (well under 10 ms).
    let isCancelled: @Sendable () -> Bool

    /// Calls `worker` once on each thread; it takes pieces from `next` until there are none. Returns false if cancelled.
    /// - Parameter progress: told the share of the pieces that were given out, when the calling thread takes one.
    func run(
        pieces: Int, progress: (Double) -> Void = { _ in }, worker: @Sendable (_ next: () -> Int?) -> Void
    ) -> Bool {
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
        let step = max(1, pieces / 100)
        withoutActuallyEscaping(progress) { progress in
            var told = 0
            let nextHere: () -> Int? = {
                let piece = next()
                if let piece, piece >= told + step {
                    told = piece
                    progress(Double(piece) / Double(pieces))
                }
                return piece
            }
            guard threads > 1, pieces > 1 else { return worker(nextHere) }
            nonisolated(unsafe) let next = next
            Self.perform(on: min(threads, pieces)) {
                worker(next)
            } here: {
                worker(nextHere)
            }
        }
        return !cancelled.load(ordering: .relaxed)
    }

    /// Runs a body on several threads, the calling one among them, and returns when all are done. A new thread has the
    /// priority of the one that makes it: training, which is to hold up nobody, stays below the rest of the process. (The
    /// threads of Dispatch all have the process's own.)
    private static func perform(on threads: Int, _ body: @Sendable () -> Void, here: () -> Void) {
        withoutActuallyEscaping(body) { body in
            var others: [pthread_t] = []
            for _ in 1..<threads {
                var thread = pthread_t()
                let share = Unmanaged.passRetained(Share(body))
                if pthread_create(&thread, nil, runShare, share.toOpaque()) == 0 {
                    others.append(thread)
                } else {
                    // Too many threads: the others do its share.
                    share.release()
                }
            }
            here()
            for thread in others { pthread_join(thread, nil) }
        }
    }
}

/// What one thread does.
private final class Share {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

// A constant of the file, since C calls it on another thread.
private let runShare: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { share in
    if let share { Unmanaged<Share>.fromOpaque(share).takeRetainedValue().run() }
    return nil
}

/// A pointer that several threads write through, each to its own part.
struct SharedPointer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
}
