import Events
import Models
import Pipeline

/// Decode, user fold, item log block and item fold, in memory.
enum FoldsRow: BenchmarkRow {
    static let name = "folds"

    static func measure(_: BenchmarkRun) throws -> [Figure] {
        let users = 20_000 / CPUTime.shrink
        let source = EventSource(users: users)
        let folds = BothFolds()
        for _ in 0..<users / 1000 {
            source.make(50_000)
            for index in 0..<source.made { try folds.learnBoth(source.event(index)) }
        }
        var seconds = 0.0
        var events = 0
        var userSeconds = 0.0
        let userOnly = BothFolds()
        for _ in 0..<max(2, 20 / CPUTime.shrink) {
            source.make(25_000)
            let start = CPUTime.thread
            for index in 0..<source.made { try folds.learnBoth(source.event(index)) }
            try folds.closeBlock()
            let middle = CPUTime.thread
            for index in 0..<source.made { userOnly.learnUser(source.event(index)) }
            seconds += middle - start
            userSeconds += CPUTime.thread - middle
            events += source.made
        }
        let rate = Double(events) / seconds
        let userHash = folds.store.hash(items: folds.table.identifiers)
        let itemHash = folds.table.hash()
        return [
            Figure(
                what: "both folds, no ranking, in memory", measured: "\(grouped(rate)) events/CPU-s",
                target: "250,000", isReached: rate >= 250_000,
                note: "after \(folds.itemFold.learnt) events: users \(userHash.hex), items \(itemHash.hex)"),
            Figure(
                what: "of which decode and user fold",
                measured: "\(grouped(Double(events) / userSeconds)) events/CPU-s"),
        ]
    }
}
