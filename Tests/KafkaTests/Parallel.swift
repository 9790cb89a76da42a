import Dispatch

enum Parallel {
    /// Runs the body once per number, at the same time, and waits for all.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        DispatchQueue.concurrentPerform(iterations: count) { body($0) }
    }
}
