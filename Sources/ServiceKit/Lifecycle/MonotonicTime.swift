internal import Foundation

/// Time since some moment before the process, which nobody sets: for deadlines, and for how long something of this member's
/// still holds. It goes on while the machine is suspended, as it does for everybody else: who wakes up must not believe that
/// partitions are its own which others took meanwhile. A signal's handler may ask too, since no lock and no memory is taken.
public func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The same in milliseconds, as workers and leaders take it.
public func monotonicMilliseconds() -> UInt64 { monotonicNanoseconds() / 1_000_000 }
