import Foundation

/// Runs a test's body on a thread of its own: bodies that wait for brokers would otherwise hold up Swift's few
/// cooperative threads, and the tests would run one after another.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

/// A moment until which something must have happened.
struct Deadline {
    private let end: DispatchTime

    init(seconds: Double) {
        end = DispatchTime.now() + seconds
    }

    var isOver: Bool { DispatchTime.now() >= end }
}

struct Overdue: Error {
    let what: String
}

/// A name that no other test, and no earlier run on the same broker, has used.
func uniqueName(_ prefix: String) -> String {
    "\(prefix)-\(UInt64.random(in: 0 ... .max))"
}

func pause(milliseconds: Int) {
    Thread.sleep(forTimeInterval: Double(milliseconds) / 1_000)
}
