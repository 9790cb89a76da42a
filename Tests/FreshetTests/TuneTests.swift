import Evaluation
import Foundation
import Models
import ServiceKit
import Synchronization
import Testing

@testable import freshet

@Suite struct TuneTests {
    private static func stream() throws -> EventStream {
        let lines = DataSimulation.lines(users: 40, items: 80, events: 600, seed: 11)
        return try Array(lines.joined(separator: [10])).withUnsafeBytes { try EventStreamReader().read($0) }
    }

    private static func splits() throws -> OfflineSplits { OfflineSplits([.lastOut(try stream())]) }

    private static func evaluation(_ stop: Latch = Latch()) throws -> TrialEvaluation {
        TrialEvaluation(
            type: ItemKNN.self, fixed: [], splits: try splits(), objectives: [.measure(.ndcg), .measure(.map)],
            threads: 1, length: 20, secondsMax: nil, stop: stop)
    }

    private static func search(_ method: Search.Method) -> Search {
        Search(
            space: SearchSpace(ItemKNN.self), method: method, trials: 18,
            objectives: [.measure(.ndcg), .measure(.map)], seed: 4)
    }

    private static func outcome(_ trials: [Trial]) -> [[String: String]] {
        trials.map { trial in
            trial.plan.settings.merging([
                "number": "\(trial.plan.number)", "budget": "\(trial.plan.budget)", "values": "\(trial.values ?? [])",
            ]) { $1 }
        }
    }

    @Test(arguments: Search.Method.allCases) func resumedSearchEndsAsTheWholeOne(_ method: Search.Method) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let evaluation = try Self.evaluation()
        let search = Self.search(method)
        let memory = try TrialStore(":memory:", description: [:])
        let whole = try TuneRun(
            search: search, store: memory, jobs: 1, stop: Latch(), evaluate: evaluation.run
        ).run { _ in }
        #expect(whole.count == search.total)
        // Stopped in the middle of a batch, with two jobs.
        let stop = Latch()
        let count = Atomic(0)
        let half = try TuneRun(
            search: search, store: try TrialStore(path, description: ["seed": "4"]), jobs: 2, stop: stop,
            evaluate: { plan in
                if count.wrappingAdd(1, ordering: .relaxed).newValue == 14 { stop.set() }
                return evaluation.run(plan)
            }
        ).run { _ in }
        #expect(half.count >= 13 && half.count < whole.count)
        let resumed = try TuneRun(
            search: search, store: try TrialStore(path, description: ["seed": "4"]), jobs: 2, stop: Latch(),
            evaluate: evaluation.run
        ).run { _ in }
        #expect(Self.outcome(resumed) == Self.outcome(whole))
        #expect(throws: CommandFailure.self) { try TrialStore(path, description: ["seed": "5"]) }
    }

    @Test func stoppedAndLateTrials() throws {
        let plan = Self.search(.random).plans(batch: 0, after: [])[0]
        let stop = Latch()
        let evaluation = try Self.evaluation(stop)
        let late = TrialEvaluation(
            type: ItemKNN.self, fixed: [], splits: evaluation.splits, objectives: evaluation.objectives, threads: 1,
            length: 20, secondsMax: 0, stop: stop)
        #expect(try #require(late.run(plan)).values == nil)
        #expect(try #require(evaluation.run(plan)).values?.count == 2)
        stop.set()
        #expect(evaluation.run(plan) == nil)
    }

    /// A search over folds with the rule of the median: the same trials stop at the same folds, however many run at once and
    /// wherever the search was interrupted, and what is stopped is no worse than a whole run would have found.
    @Test func trialsBelowTheMedianStopAlike() throws {
        let folds = OfflineSplit.folds(try Self.stream(), count: 4)
        let evaluation = TrialEvaluation(
            type: ItemKNN.self, fixed: [], splits: folds, objectives: [.measure(.ndcg)], threads: 1, length: 20,
            secondsMax: nil, stop: Latch())
        let search = Search(
            space: SearchSpace(ItemKNN.self), method: .tpe, trials: 24, objectives: [.measure(.ndcg)], seed: 4)
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let stop = Latch()
        let count = Atomic(0)
        _ = try TuneRun(search: search, store: try TrialStore(path, description: [:]), jobs: 2, stop: stop) { plan in
            if count.wrappingAdd(1, ordering: .relaxed).newValue == 15 { stop.set() }
            return evaluation.run(plan)
        }.run { _ in }
        func run(_ path: String, jobs: Int) throws -> [Trial] {
            try TuneRun(
                search: search, store: try TrialStore(path, description: [:]), jobs: jobs, stop: Latch(),
                evaluate: evaluation.run
            ).run { _ in }
        }
        let (one, two) = (try run(":memory:", jobs: 1), try run(path, jobs: 2))
        #expect(Self.outcome(one) == Self.outcome(two))
        #expect(one.map(\.folds) == two.map(\.folds) && one.map(\.ending) == two.map(\.ending))
        let stopped = one.filter { $0.ending == .belowMedian }
        #expect(!stopped.isEmpty && stopped.allSatisfy { $0.values == nil && (1...3).contains($0.folds.count) })
        #expect(one.count { $0.values != nil } >= 8)
        let report = TuneReport(model: "knn", search: search, trials: one, fixed: [], length: 20)
        #expect(report.text(rows: 9, style: Style(isEnabled: false)).contains(" below the median of the others"))
        #expect(report.json.contains(#""ending": "below-median""#))
    }

    @Test func aDivergedTrialSaysSo() throws {
        let evaluation = TrialEvaluation(
            type: MatrixFactorization.self, fixed: [("learning-rate", "1"), ("regularization", "0.5")],
            splits: try Self.splits(), objectives: [.measure(.ndcg)], threads: 1, length: 20, secondsMax: nil,
            stop: Latch())
        let trial = try #require(evaluation.run(TrialPlan(number: 0, settings: ["factors": "64"], budget: 1)))
        #expect(trial.values == nil && trial.ending == .diverged)
        let done = Trial(plan: TrialPlan(number: 1, settings: [:], budget: 1), values: [0.5, 0.5], seconds: 1)
        let report = TuneReport(
            model: "mf", search: Self.search(.random), trials: [trial, done], fixed: [], length: 20)
        let text = report.text(rows: 9, style: Style(isEnabled: false))
        #expect(text.contains("1 of them stopped: 1 diverged, lower learning-rate\n"), "\(text)")
    }

    @Test func aRefusedTrialHasAReason() throws {
        let evaluation = TrialEvaluation(
            type: EASE.self, fixed: [], splits: try Self.splits(), objectives: [.measure(.ndcg)], threads: 1,
            length: 20, secondsMax: nil, stop: Latch())
        let plan = TrialPlan(number: 0, settings: ["items-max": "3"], budget: 1)
        let trial = try #require(evaluation.run(plan))
        #expect(trial.values == nil)
        var report = TuneReport(
            model: "ease", search: Self.search(.random), trials: [trial], fixed: [], length: 20,
            refusal: try evaluation.refusal(plan))
        #expect(report.text(rows: 9, style: Style(isEnabled: false)).contains("no trial has come to its end: ease "))
        #expect(report.json.contains("raise items-max"))
        let done = Trial(plan: trial.plan, values: [0.5, 0.5], seconds: 1)
        let many = TuneReport(
            model: "ease", search: Self.search(.random), trials: [Trial](repeating: done, count: 19), fixed: [],
            length: 20)
        #expect(many.text(rows: 9, style: Style(isEnabled: false)).contains("\n19 trials, more than were asked for"))
        report.refusal = nil
        #expect(report.text(rows: 9, style: Style(isEnabled: false)) == "no trial has come to its end\n")
        #expect(try evaluation.refusal() == nil)
    }

    @Test func smallerEffortIsFewerSweeps() throws {
        let evaluation = TrialEvaluation(
            type: ImplicitALS.self, fixed: [("sweeps", "18")], splits: OfflineSplits([]), objectives: [.seconds],
            threads: 1,
            length: 20, secondsMax: nil, stop: Latch())
        let plan = TrialPlan(number: 0, settings: ["factors": "8"], budget: 1.0 / 3)
        let als = try #require(try evaluation.recommender(plan) as? ImplicitALS)
        #expect(als.sweeps == 6 && als.factors == 8 && als.threads == 1)
    }

    /// Passes before the others are passes too; none stay none.
    @Test(arguments: [(9, 3), (1, 1), (0, 0)]) func smallerEffortIsLessPretraining(whole: Int, part: Int) throws {
        let evaluation = TrialEvaluation(
            type: NeuralMatrixFactorization.self, fixed: [("epochs", "18"), ("pretraining-epochs", "\(whole)")],
            splits: OfflineSplits([]), objectives: [.seconds], threads: 1, length: 20, secondsMax: nil, stop: Latch())
        let plan = TrialPlan(number: 0, settings: [:], budget: 1.0 / 3)
        let model = try #require(try evaluation.recommender(plan) as? NeuralMatrixFactorization)
        #expect(model.epochs == 6 && model.pretrainingEpochs == part)
    }

    /// What is unset says as much as what an earlier version did not write.
    @Test func aStoreOfOtherTrialTimesIsRefused() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".sqlite").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try TrialStore(path, description: ["seed": "4"])
        _ = try TrialStore(path, description: ["seed": "4", "trial-time": ""])
        #expect(throws: CommandFailure.self) { try TrialStore(path, description: ["seed": "4", "trial-time": "1m"]) }
    }

    @Test func refusesAFileThatIsNoDatabase() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("this is no database, and long enough to be read as one".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: CommandFailure.self) { try TrialStore(path, description: [:]) }
    }
}
