internal import Foundation
internal import Synchronization

/// A flag that is set once, as from a service's `beginShutdown()` for its `run()`: cheap to look at in a loop, and to wait for.
public final class Latch: @unchecked Sendable {
    private let flag = Atomic(false)
    // Unchecked for these two, which pthread's functions take from any thread. Foundation's and Dispatch's waits end by the
    // wall clock on Linux: one that is set back would hold up whoever waits for as long.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(lock)
        condition.deallocate()
        lock.deallocate()
    }

    public var isSet: Bool { flag.load(ordering: .acquiring) }

    /// Sets it and wakes whoever waits; from any thread, and as often as one likes.
    public func set() {
        pthread_mutex_lock(lock)
        flag.store(true, ordering: .releasing)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(lock)
    }

    /// Blocks the calling thread until the flag is set or the time is over; a stand-in for sleeping. A wait stands still with a
    /// machine that is suspended: conditions know no clock that goes on.
    /// - Returns: whether it is set.
    @discardableResult
    public func wait(for duration: Duration) -> Bool {
        let (seconds, attoseconds) = max(.zero, duration).components
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        let nanoseconds = end.tv_nsec + Int(attoseconds / 1_000_000_000)
        end.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        end.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while !isSet, pthread_cond_timedwait(condition, lock, &end) == 0 {}
        return isSet
    }
}
