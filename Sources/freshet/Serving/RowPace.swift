import ServiceKit

/// How many items' rows are published at once: a hundred a second, since each round is a transaction that the broker works
/// at while lists wait for theirs (five hundred showed in the slowest lists, ten small rounds a second in twice as many);
/// without a pause, and by the thousand, where the end is waited for.
struct RowPace {
    private static let rows = 100
    private static let hurriedRows = 2_000
    private static let pauseMilliseconds: UInt64 = 1_000
    private var due: UInt64 = 0

    mutating func rows(isHurried: Bool) -> Int {
        if isHurried { return Self.hurriedRows }
        let now = monotonicMilliseconds()
        guard now >= due else { return 0 }
        due = now + Self.pauseMilliseconds
        return Self.rows
    }
}
