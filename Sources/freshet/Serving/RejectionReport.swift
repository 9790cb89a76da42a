import Events
import Pipeline
import ServiceKit

/// A log line about records that could not be learnt: at once for the first, then for what has come since, now and then.
struct RejectionReport {
    private let deadLetters: String
    private var said: [RejectionCode: Int] = [:]
    private var saidAt: UInt64?
    /// So long after a line the next one is said at the earliest.
    private static let pauseMilliseconds: UInt64 = 30_000

    init(deadLetters: String) { self.deadLetters = deadLetters }

    /// The line that is due, if one is.
    mutating func line(_ counters: WorkerCounters, now: UInt64) -> String? {
        let new = counters.rejections.merging(said) { $0 - $1 }.filter { $0.value > 0 }
        guard !new.isEmpty, saidAt.map({ now >= $0 + Self.pauseMilliseconds }) ?? true else { return nil }
        said = counters.rejections
        saidAt = now
        let count = new.values.reduce(0, +)
        return
            "records that could not be learnt: \(HumanFormat.grouped(count)) (\(new.text)); they are "
            + "kept in \(deadLetters), `freshet dlq list` shows them"
    }
}
