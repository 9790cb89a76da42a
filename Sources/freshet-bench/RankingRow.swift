import Events
import Linear
import Models
import Pipeline
import ServiceKit

/// Lists as a worker makes them: queries in passes of 128, ranked and encoded; between two batches the items learn on.
enum RankingRow: BenchmarkRow {
    static let name = "ranking"
    private static let batch = 4096

    static func measure(_: BenchmarkRun) throws -> [Figure] {
        let users = 20_000 / CPUTime.shrink
        let source = EventSource(users: users)
        let folds = BothFolds()
        for _ in 0..<max(1, users / 1000) {
            source.make(50_000)
            for index in 0..<source.made { try folds.learnBoth(source.event(index)) }
        }
        try folds.closeBlock()
        let generation = trained(folds)
        let full = try run(folds, source, generation, BlendSettings())
        let limit = 90.0
        let lists = "\(full.lists) lists of \(decimal(Double(full.items) / Double(full.lists))) items"
        let bytes = "\(full.bytes / max(1, full.lists)) bytes"
        return [
            Figure(
                what: "a list, all learners, encoded",
                measured: "\(decimal(full.microseconds)) µs, \(grouped(1e6 / full.microseconds)) lists/CPU-s",
                target: "≤ \(Int(limit)) µs", isReached: full.microseconds <= limit,
                note: "\(lists), \(bytes), hash \(full.hash.hex)")
        ] + (try stages(folds, source, generation, full))
    }

    /// The parts of a list's time: some by a clock, some by what a list takes without the learner.
    private static func stages(
        _ folds: BothFolds, _ source: EventSource, _ generation: Generation, _ full: Run
    ) throws -> [Figure] {
        func without(_ change: (inout BlendSettings) -> Void) throws -> Double {
            var blend = BlendSettings()
            change(&blend)
            return full.microseconds - (try run(folds, source, generation, blend)).microseconds
        }
        let linear = FactorStages(folds, generation)
        let parts: [(String, Double)] = [
            ("queries of a batch", full.queryMicroseconds),
            ("taking up the table, a batch of \(batch)", full.beginMicroseconds),
            ("encoding", full.encodeMicroseconds),
            ("projection", linear.projection), ("screen and exact scores", linear.search),
            ("sequential", try without { $0.sequential.weight = 0 }),
            ("neighbours", try without { $0.neighbours.weight = 0 }),
            ("categories", try without { $0.category.weight = 0 }),
        ]
        let three = Figure(
            what: "screen and exact scores, three users at a time", measured: "\(decimal(linear.searchOfThree)) µs")
        let rest = full.microseconds - parts.reduce(0) { $0 + $1.1 }
        return (parts + [("popularity, merge, rules and the rest", rest)]).map {
            Figure(what: "  of which \($0.0)", measured: "\(decimal($0.1)) µs")
        } + [three]
    }

    struct Run {
        var lists = 0
        var items = 0
        var bytes = 0
        var microseconds = 0.0
        var queryMicroseconds = 0.0
        var beginMicroseconds = 0.0
        var encodeMicroseconds = 0.0
        var hash = StateHash()
    }

    private static func run(
        _ folds: BothFolds, _ source: EventSource, _ trained: Generation, _ blend: BlendSettings
    ) throws -> Run {
        var manifest = trained.manifest
        manifest.blend = blend
        let generation = Generation(
            number: trained.number, manifest: manifest, items: trained.items, factors: trained.factors,
            neighbours: trained.neighbours, neighbourWeights: trained.neighbourWeights,
            neighboursPerItem: trained.neighboursPerItem)
        let serving = ServingGeneration(generation, identifiers: folds.table.identifiers)
        let ranker = Ranker(table: folds.table, rules: RankingRules())
        let lists = ListMaker(folds: folds, ranker: ranker)
        var result = Run()
        let batches = CPUTime.shrink > 1 ? 1 : 8
        for number in 0..<batches {
            source.make(number == 0 ? 0 : batch)
            for index in 0..<source.made { try folds.learnBoth(source.event(index)) }
            try folds.closeBlock()
            let start = CPUTime.thread
            ranker.begin(generation: serving, blend: blend)
            result.beginMicroseconds += CPUTime.thread - start
            lists.rank(from: number * batch, count: batch, into: &result)
            result.microseconds += CPUTime.thread - start
        }
        let unit = 1e6 / Double(result.lists)
        result.microseconds *= unit
        result.queryMicroseconds *= unit
        result.beginMicroseconds *= unit
        result.encodeMicroseconds *= unit
        return result
    }

    private static func trained(_ folds: BothFolds) -> Generation {
        let settings = WorkerSettings()
        var builder = TrainingHistories.Builder(scale: settings.scale, decay: settings.decay)
        folds.store.addHistories(to: &builder)
        var training = TrainingSettings()
        training.firstSweeps = 2
        // Never cancelled, so there is a generation.
        return GenerationTrainer(settings: training).train(builder.build(folds.table.identifiers))!
    }

    static func decimal(_ value: Double) -> String { HumanFormat.fixed(value, digits: 1) }
}
