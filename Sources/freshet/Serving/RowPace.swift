/// How many items' rows are published at once: some hundreds a second, since each round is a transaction that the broker
/// works at while lists wait for theirs (back to back, or in ten small rounds a second, the slowest lists took twice the
/// time); without a pause where the end is waited for.
struct RowPace {
    private static let rows = 100
    private static let pauseMilliseconds: UInt64 = 1_000
    private var due: UInt64 = 0

    mutating func rows(isHurried: Bool) -> Int {
        let now = monotonicMilliseconds()
        guard isHurried || now >= due else { return 0 }
        due = now + Self.pauseMilliseconds
        return Self.rows
    }
}
