internal import Foundation

/// Time since some moment before the process, which nobody sets: for deadlines. A signal's handler may ask too, since no lock
/// and no memory is taken.
public func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The same in milliseconds, as workers and leaders take it.
public func monotonicMilliseconds() -> UInt64 { monotonicNanoseconds() / 1_000_000 }
