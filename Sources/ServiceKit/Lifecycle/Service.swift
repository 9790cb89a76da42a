/// A long-lived part of a program: the shape of swift-service-lifecycle's, with a thread in the place of a task, since
/// nothing that blocks may run on Swift's cooperative pool.
public protocol Service: Sendable {
    /// Names its thread (the kernel shows 15 letters) and its log lines.
    var name: String { get }

    /// Does the work on a thread of its own. Returns when it is done, or soon after ``beginShutdown()``.
    func run() throws

    /// Asks `run()` to end; returns at once. Called from another thread, at most once, perhaps before `run()` begins.
    func beginShutdown()
}
