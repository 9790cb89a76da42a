import Foundation
import Models
import Testing

@testable import Evaluation

@Suite struct SearchTests {
    private static let space = SearchSpace(ImplicitALS.self, without: ["sweeps", "solver"])

    /// A bowl over the scales, deepest at 0.3 of each.
    private static func value(_ settings: [String: String], _ space: SearchSpace) -> Double {
        (space.places(of: settings) ?? []).reduce(0) { $0 - ($1 - 0.3) * ($1 - 0.3) }
    }

    private static func run(_ search: Search, from done: [Trial] = [], batches: Int = .max) -> [Trial] {
        var done = done
        var batch = 0
        while batch < batches {
            let plans = search.plans(batch: batch, after: done)
            if plans.isEmpty { break }
            let known = Set(done.map(\.plan.number))
            for plan in plans where !known.contains(plan.number) {
                done.append(Trial(plan: plan, values: [value(plan.settings, search.space)], seconds: 0))
            }
            batch += 1
        }
        return done
    }

    private static func search(_ method: Search.Method, trials: Int = 60, seed: UInt64 = 1) -> Search {
        Search(space: space, method: method, trials: trials, objectives: [.measure(.ndcg)], seed: seed)
    }

    @Test(arguments: Search.Method.allCases) func sameSeedSameTrialsAlsoResumed(_ method: Search.Method) {
        let search = Self.search(method)
        let whole = Self.run(search)
        #expect(whole == Self.run(search))
        #expect(whole != Self.run(Self.search(method, seed: 2)))
        #expect(whole.count == search.total)
        // Interrupted within the second batch, and gone on with.
        var half = Self.run(search, batches: 2)
        half.removeLast()
        half.reverse()
        #expect(Self.run(search, from: half).sorted { $0.plan.number < $1.plan.number } == whole)
    }

    @Test func estimatorBeatsChance() {
        func mean(_ method: Search.Method) -> Double {
            (UInt64(1)...6).reduce(0.0) { sum, seed in
                let trials = Self.run(Self.search(method, trials: 60, seed: seed))
                return sum + (trials.compactMap { $0.values?[0] }.max() ?? -1) / 6
            }
        }
        // Distances from the best are squares: half of it is a good deal nearer.
        #expect(mean(.tpe) > mean(.random) / 2)
    }

    @Test func halvingKeepsTheBestThird() {
        let search = Self.search(.halving, trials: 27)
        let trials = Self.run(search)
        #expect(trials.map(\.plan.budget).filter { $0 == 1 }.count == 3)
        #expect(trials.count == 27 + 9 + 3)
        let best = search.order.sorted(Array(trials[..<27])).prefix(9).map(\.plan.settings)
        #expect(Array(trials[27..<36].map(\.plan.settings)) == Array(best))
    }

    @Test func scalesGoThereAndBack() {
        for dimension in Self.space.dimensions {
            for place in [0, 0.1, 0.5, 0.9, 1] {
                let value = dimension.value(at: place)
                #expect(abs(dimension.value(at: dimension.place(of: value)) - value) <= abs(value) * 1e-3)
                #expect(dimension.domain.value(dimension.domain.text(value)) == value)
            }
        }
        let alpha = Self.space.dimensions.first { $0.name == "alpha" }
        // Logarithmic: the middle of 0.001 to 1000 is 1.
        #expect(alpha?.value(at: 0.5) == 1)
    }

    @Test func partsOfASpace() throws {
        let space = try SearchSpace(ImplicitALS.self, texts: ["factors=16..64", "solver=cg", "alpha"])
        #expect(space.dimensions.map(\.name) == ["factors", "solver", "alpha"])
        #expect(space.dimensions[0].value(at: 0) == 16 && space.dimensions[0].value(at: 1) == 64)
        for wrong in ["speed", "factors=64..16", "factors=0..8", "solver=quick", "factors=8"] {
            #expect(throws: SettingFailure.self) { try SearchSpace(ImplicitALS.self, texts: [wrong]) }
        }
    }

    /// A larger catalogue than is allowed makes no model worse; it can be searched where somebody says so.
    @Test func limitsAreNotSearched() throws {
        #expect(SearchSpace(EASE.self).dimensions.map(\.name) == ["regularization", "user-exponent"])
        #expect(!SearchSpace(Ensemble.self).dimensions.contains { $0.name == "ease-items-max" })
        #expect(try SearchSpace(EASE.self, texts: ["items-max=5..9"]).dimensions.map(\.name) == ["items-max"])
        var ease = EASE()
        try ease.set("items-max", to: "7")
        #expect(ease.itemsMax == 7)
    }

    /// Trials without values speak against the place where they were.
    @Test func stoppedTrialsAreKeptAwayFrom() throws {
        let space = try SearchSpace(ImplicitALS.self, texts: ["regularization"])
        let search = Search(space: space, method: .tpe, trials: 40, objectives: [.measure(.ndcg)], seed: 1)
        let done = (0..<24).map { number in
            let place = number < 4 ? [0.8, 0.2][number % 2] : number < 12 ? 0.5 : 0.8
            return Trial(
                plan: TrialPlan(number: number, settings: space.settings(at: [place]), budget: 1),
                values: number < 4 ? [1] : number < 12 ? [0] : nil, seconds: 0)
        }
        let places = search.plans(batch: 6, after: done).compactMap { space.places(of: $0.settings)?[0] }
        #expect(places.count == 4 && places.allSatisfy { $0 < 0.5 }, "\(places)")
        // With none that have values there is nothing to learn.
        let stopped = done.map { Trial(plan: $0.plan, values: nil, seconds: 0) }
        #expect(search.plans(batch: 6, after: stopped).count == 4)
    }

    /// What is tried by default takes no hours, and has the default in it.
    @Test func searchesStayWithinWhatCanBeWaitedFor() throws {
        func check<R: Recommender>(_: R.Type) {
            for parameter in R.parameters where parameter.isSearched {
                let text = parameter.searchDomain.text(parameter.get(R()))
                #expect(parameter.searchDomain.value(text) != nil, "\(R.name): \(parameter.name) = \(text)")
                guard ["epochs", "factors", "batch", "embedding", "hidden", "sweeps"].contains(parameter.name),
                    case .integer(let range, _) = parameter.searchDomain
                else { continue }
                let most = parameter.name == "batch" ? 2048 : parameter.name == "epochs" ? 300 : 256
                #expect(range.upperBound <= most, "\(R.name): \(parameter.name) to \(range.upperBound)")
            }
        }
        for type in RecommenderCatalogue.all { check(type) }
        // Whoever names a range has all that may be set.
        let wide = try SearchSpace(MultiLayerPerceptron.self, texts: ["epochs=1..1000", "factors"])
        #expect(wide.dimensions[0].value(at: 1) == 1000 && wide.dimensions[1].value(at: 1) == 32)
    }

    /// From the trials of earlier batches alone, so that a plan does not depend on how many run at once.
    @Test(arguments: [Search.Method.random, .tpe]) func mediansAreOfEarlierBatches(_ method: Search.Method) {
        let done = (0..<11).map { number in
            Trial(
                plan: TrialPlan(
                    number: number, settings: Self.space.settings(at: [0.5, 0.5, 0.5, 0.5, 0.5]), budget: 1),
                values: number < 9 ? [0.5] : nil, seconds: 0,
                folds: number < 9 ? [Double(number), Double(10 * number), 7] : [100], ending: .belowMedian)
        }
        func medians(_ batch: Int, _ objectives: [Objective] = [.measure(.ndcg)]) -> [[Double]] {
            Search(space: Self.space, method: method, trials: 40, objectives: objectives, seed: 1)
                .plans(batch: batch, after: done).map(\.medians)
        }
        // Four trials are too few; of the first eight, and of eleven of which nine have a second fold.
        #expect(medians(1) == [[Double]](repeating: [], count: 4))
        #expect(medians(2) == [[Double]](repeating: [4, 40, 7], count: 4))
        #expect(medians(3) == [[Double]](repeating: [5, 40, 7], count: 4))
        #expect(medians(3, [.measure(.ndcg), .seconds]) == medians(1) && medians(3, [.seconds]) == medians(1))
    }

    @Test func frontHoldsWhatNothingDominates() {
        let order = TrialOrder([.measure(.ndcg), .seconds])
        let values: [[Double]?] = [[0.2, 5], [0.3, 9], [0.1, 6], [0.3, 8], nil, [0.05, 1]]
        let trials = values.enumerated().map {
            Trial(plan: TrialPlan(number: $0, settings: [:], budget: 1), values: $1, seconds: 0)
        }
        #expect(order.front(trials).map(\.plan.number) == [0, 3, 5])
        #expect(order.sorted(trials).map(\.plan.number) == [3, 0, 5, 1, 2, 4])
    }

    @Test func mixturesAreDensities() {
        let mixture = ParzenEstimator.Mixture([0.1, 0.15, 0.9])
        let steps = 20_000
        let mass = (0..<steps).reduce(0.0) { $0 + mixture.density((Double($1) + 0.5) / Double(steps)) } / Double(steps)
        #expect(abs(mass - 1) < 1e-3)
        #expect(mixture.density(0.12) > mixture.density(0.5))
    }

    @Test func largerSharesOfUsersHoldSmallerOnes() throws {
        let split = OfflineSplit.lastOut(try PrequentialTests.shelves(users: 200, steps: 4))
        let (half, whole) = (split.keeping(share: 0.5), split.keeping(share: 1))
        #expect(whole.hash == split.hash && half.hash != split.hash)
        #expect(half.askedCount > 60 && half.askedCount < 140)
        let users = Set(half.train.records.map(\.user))
        let third = split.keeping(share: 1.0 / 3)
        #expect(third.train.records.allSatisfy { users.contains($0.user) })
    }
}
