import Events
import Models
import Pipeline

/// What a user takes, and whether a fixed population's state grows.
enum MemoryRow: BenchmarkRow {
    static let name = "memory"

    static func measure(_: BenchmarkRun) throws -> [Figure] {
        let users = 20_000 / CPUTime.shrink
        let source = EventSource(users: users)
        source.make(25_000)
        let folds = BothFolds()
        // The items' numbers are there before the users are counted.
        let items = BothFolds()
        items.learnUser(source.event(0))
        let before = CPUTime.residentBytes
        for round in 0..<users / 500 {
            if round > 0 { source.make(25_000) }
            for index in 0..<source.made { folds.learnUser(source.event(index)) }
        }
        let counted = folds.store.byteCount / folds.store.count
        let resident = (CPUTime.residentBytes - before - folds.table.identifiers.byteCount) / folds.store.count
        let growth = try growth()
        return [
            Figure(
                what: "a user at 50 interactions, as counted", measured: "\(grouped(Double(counted))) bytes",
                target: "≤ 2,048", isReached: counted <= 2048),
            Figure(
                what: "a user at 50 interactions, in the process", measured: "\(grouped(Double(resident))) bytes",
                target: "≤ 2,048", isReached: resident > 0 && resident <= 2048),
            growth,
        ]
    }

    /// Users of full histories and items of full rows, then as many events again, four times.
    private static func growth() throws -> Figure {
        let millions = max(1, 10 / CPUTime.shrink)
        let source = EventSource(users: 2000, seed: 2, stepMilliseconds: 2000)
        let folds = BothFolds()
        var sizes: [Int] = []
        for part in 0..<(2 * millions) {
            for _ in 0..<20 {
                source.make(50_000 / 2)
                for index in 0..<source.made { try folds.learnBoth(source.event(index)) }
            }
            try folds.closeBlock()
            if part >= millions - 1 { sizes.append(CPUTime.residentBytes) }
        }
        let grown = Double(sizes[sizes.count - 1] - sizes[0]) / Double(1 << 20)
        let share = grown * Double(1 << 20) / Double(sizes[0])
        return Figure(
            what: "growth in the second half of \(millions)M events, 2,000 users",
            measured: "\(RankingRow.decimal(grown)) MB (\(RankingRow.decimal(share * 100))%)", target: "< 5%",
            isReached: share < 0.05)
    }
}
