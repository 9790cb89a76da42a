import Events
import Pipeline
import ServiceKit

/// A log line about records that could not be used: at once for the first, then for what has come since, now and then.
struct RejectionReport {
    private let what: String
    private let deadLetters: String
    private var said: [RejectionCode: Int] = [:]
    private var saidAt: UInt64?
    /// So long after a line the next one is said at the earliest.
    private static let pauseMilliseconds: UInt64 = 30_000

    /// - Parameter what: the records, for a line's beginning.
    init(_ what: String = "records that could not be learnt", deadLetters: String) {
        self.what = what
        self.deadLetters = deadLetters
    }

    /// The line that is due, if one is.
    /// - Parameter rejections: how many there were of each kind since the start.
    mutating func line(_ rejections: [RejectionCode: Int], now: UInt64) -> String? {
        let new = rejections.merging(said) { $0 - $1 }.filter { $0.value > 0 }
        guard !new.isEmpty, saidAt.map({ now >= $0 + Self.pauseMilliseconds }) ?? true else { return nil }
        said = rejections
        saidAt = now
        let count = new.values.reduce(0, +)
        return
            "\(what): \(HumanFormat.grouped(count)) (\(new.text)); they are "
            + "kept in \(deadLetters), `freshet dlq list` shows them"
    }
}
