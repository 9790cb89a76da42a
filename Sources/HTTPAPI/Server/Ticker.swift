internal import Foundation
internal import ServiceKit

/// Calls a function at an interval on a thread of its own, until it is stopped.
final class Ticker: Sendable {
    private let stopping = Latch()
    private let ended = Latch()

    init(interval: Duration, _ tick: @escaping @Sendable () -> Void) {
        let thread = Thread { [stopping, ended] in
            while !stopping.wait(for: interval) { tick() }
            ended.set()
        }
        thread.name = "http-deadlines"
        thread.start()
    }

    /// Waits until no call is under way, and none can come.
    func stop() {
        stopping.set()
        while !ended.wait(for: .seconds(60)) {}
    }
}
