internal import Foundation
internal import Synchronization

/// Calls a function at an interval on a thread of its own, until it is stopped.
final class Ticker: Sendable {
    private let condition = NSCondition()
    private let isStopped = Atomic(false)

    /// - Parameter interval: in seconds.
    init(interval: Double, _ tick: @escaping @Sendable () -> Void) {
        let thread = Thread { [condition, weak self] in
            while let isStopped = self?.isStopped.load(ordering: .acquiring), !isStopped {
                condition.lock()
                _ = condition.wait(until: Date(timeIntervalSinceNow: interval))
                condition.unlock()
                tick()
            }
        }
        thread.name = "http-deadlines"
        thread.start()
    }

    func stop() {
        condition.lock()
        isStopped.store(true, ordering: .releasing)
        condition.broadcast()
        condition.unlock()
    }
}
