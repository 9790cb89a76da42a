internal import Foundation
internal import Synchronization

/// The flag between a service's `run()` and its `beginShutdown()`: cheap to look at in a loop, and to wait for.
public final class StopRequest: Sendable {
    private let flag = Atomic(false)
    private let condition = NSCondition()

    public init() {}

    public var isRequested: Bool { flag.load(ordering: .acquiring) }

    public func request() {
        condition.lock()
        flag.store(true, ordering: .releasing)
        condition.broadcast()
        condition.unlock()
    }

    /// Blocks the calling thread until the request or the end of the time; a stand-in for sleeping.
    /// - Returns: whether it has been requested.
    @discardableResult
    public func wait(for duration: Duration) -> Bool {
        let end = Date(timeIntervalSinceNow: duration.inSeconds)
        condition.lock()
        defer { condition.unlock() }
        while !isRequested, condition.wait(until: end) {}
        return isRequested
    }
}
