import Events
import Testing

@testable import Models

/// The blend's weights from held-out cases.
@Suite struct BlendFitTests {
    private static var planted: BlendSettings {
        var blend = BlendSettings()
        (blend.sequential.weight, blend.sequential.slope, blend.sequential.rootWeight) = (5, 1, 1)
        (blend.neighbours.weight, blend.neighbours.slope, blend.neighbours.rootWeight) = (2, -0.5, 0)
        (blend.factors.weight, blend.factors.slope, blend.factors.rootWeight) = (3, 0, 2)
        (blend.category.weight, blend.category.slope, blend.category.rootWeight) = (1, 0, 0)
        (blend.popularity.weight, blend.popularity.rootWeight, blend.popularity.exponent) = (-1, 3, 0)
        blend.popularity.column = 1
        return blend
    }

    private static func score(_ parts: CandidateParts, _ blend: BlendSettings, items: Int) -> Double {
        var values: [Double] = []
        BlendFit.append(parts, blend.popularity.column, to: &values)
        let support = BlendSettings.support(items: items)
        return values.indices.reduce(0.0) { sum, index in
            var weight = blend[keyPath: BlendFit.weights[index]]
            if index < ChoiceModel.sloped {
                weight += support * blend[keyPath: BlendFit.weights[ChoiceModel.shares + index]]
            }
            return sum + weight * values[index]
        }
    }

    /// Users who choose by known weights, and by popularity's second column.
    private static func cases(_ count: Int) -> [HeldOutReplay.Case] {
        var random = RandomStream(seed: 5)
        func share() -> Float { random.uniform() < 0.5 ? 0 : Float(random.uniform() * random.uniform()) }
        return (0..<count).map { index in
            let items = [3, 12, 40, 150][index % 4]
            let candidates = (0..<25).map { item in
                CandidateParts(
                    item: UInt32(item), sequential: share(), neighbours: share(), factors: share(), category: share(),
                    popularity: [share(), share(), share()])
            }
            var sum = 0.0
            let odds = candidates.map { candidate in
                sum += Deterministic.exp2(score(candidate, planted, items: items) * 1.44269504088896340736)
                return sum
            }
            let drawn = random.uniform() * sum
            return HeldOutReplay.Case(
                candidates: candidates, taken: odds.firstIndex { $0 >= drawn } ?? 0, items: items)
        }
    }

    @Test func plantedBlendIsFound() throws {
        var blend = BlendSettings()
        let cases = Self.cases(12_000)
        for stretch in 0..<6 {
            let fit = BlendFit(Array(cases[(stretch * 2000)..<(stretch * 2000 + 2000)]))
            blend = try #require(fit.fitted(from: blend, fits: stretch))
        }
        #expect(blend.popularity.column == 1 && blend.popularity.exponent == 0)
        for (index, weight) in BlendFit.weights.enumerated() {
            let (found, planted) = (blend[keyPath: weight], Self.planted[keyPath: weight])
            #expect(abs(found - planted) < 0.8, "weight \(index): \(found), planted \(planted)")
        }
        // What was no weight stays.
        #expect(blend.sequential.depth == BlendSettings().sequential.depth && blend.category.column == 2)
    }

    @Test func fewCasesChangeNothing() {
        let blend = BlendSettings()
        #expect(BlendFit(Self.cases(BlendFit.casesMin - 1)).fitted(from: blend, fits: 0) == nil)
        #expect(BlendFit([]).fitted(from: blend, fits: 3) == nil)
    }

    /// Weights that would count against their learner are 0, and the others best beside them, not beside what they would be:
    /// to some hundredths of a nat, where the bounds of single users end a step early.
    @Test func weightsAreBestWithinTheirBounds() {
        let choices = Self.cases(600).map { heldOut in
            var values: [Double] = []
            for parts in heldOut.candidates { BlendFit.append(parts, 1, to: &values) }
            return ChoiceModel.Choice(
                values: values, taken: heldOut.candidates.firstIndex { $0.sequential == 0 && $0.factors > 0 } ?? 0,
                support: BlendSettings.support(items: heldOut.items))
        }
        let model = ChoiceModel(choices)
        let prior = [Double](repeating: 0.5, count: ChoiceModel.width)
        let (weights, value) = model.maximize(prior: prior, memory: 0, ridge: 3)
        func penalised(_ weights: [Double]) -> Double {
            model.evaluate(weights).likelihood
                - zip(weights, prior).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) * 1.5 }
        }
        #expect(abs(penalised(weights) - value) < 1e-6 && value > penalised(prior))
        #expect(weights.prefix(ChoiceModel.bounded).contains(0))
        for index in weights.indices {
            for move in [-0.02, 0.02] where index >= ChoiceModel.bounded || weights[index] + move >= 0 {
                var moved = weights
                moved[index] += move
                #expect(penalised(moved) < value + 0.05, "weight \(index), \(move)")
            }
        }
    }

    /// A slope may take a share's weight below 0 for some users: it is 0 for them, in the fit as in a list.
    @Test func whatIsBelowZeroForAUserIsZero() {
        let choice = ChoiceModel.Choice(
            values: (0..<30).map { Double($0 * 7 % 11) / 11 }, taken: 1, support: -1)
        var weights = [Double](repeating: 0.25, count: ChoiceModel.width)
        weights[ChoiceModel.shares] = 2
        var pinned = weights
        (pinned[0], pinned[ChoiceModel.shares]) = (0, 0)
        let (one, other) = (ChoiceModel([choice]).evaluate(weights), ChoiceModel([choice]).evaluate(pinned))
        #expect(one.likelihood == other.likelihood && one.gradient[0] == 0)
    }

    @Test func noShareCountsAgainstItsLearner() throws {
        // Nobody takes what is most often touched next.
        let cases = Self.cases(400).map { heldOut in
            var heldOut = heldOut
            heldOut.taken = heldOut.candidates.firstIndex { $0.sequential == 0 } ?? 0
            return heldOut
        }
        let blend = try #require(BlendFit(cases).fitted(from: BlendSettings(), fits: 0))
        #expect(blend.sequential.weight >= 0 && blend.sequential.weight < 1e-3)
        let thin = LearnerWeights(blend, items: 1)
        let thick = LearnerWeights(blend, items: 200)
        #expect(thin.sequential.share >= 0 && thick.sequential.share >= 0)
    }

    /// A list's scores are the ones that the weights were fitted for.
    @Test func whatIsFittedIsWhatIsServed() throws {
        let histories = GenerationTrainerTests.histories(users: 90, length: 12)
        let trained = try #require(
            GenerationTrainer(settings: GenerationTrainerTests.settings(threads: 1)).train(histories))
        var manifest = trained.manifest
        manifest.blend = Self.planted
        let generation = trained.with(manifest: manifest)
        let identifiers = IdentifierTable(capacity: histories.items.count)
        for item in histories.items { _ = identifiers.intern(item) }
        let table = ItemTable(settings: .init(), identifiers: identifiers)
        HeldOutReplay(histories, settings: .init()).play(table, after: .max, isCancelled: { false }) { _, _ in }
        let ranker = Ranker(table: table)
        let serving = ServingGeneration(generation, identifiers: identifiers)
        var compared = 0
        for user in 0..<histories.userCount {
            let recents = histories.history(of: user).items.map { IdentifierTable.Number($0) }
            let ratings = [Float](repeating: 1, count: recents.count)
            let states = [UserQuery.ItemState](repeating: .viewed, count: recents.count)
            recents.withUnsafeBufferPointer { recents in
                ratings.withUnsafeBufferPointer { ratings in
                    states.withUnsafeBufferPointer { states in
                        let query = UserQuery(recents: recents, ratings: ratings, states: states, seed: 0)
                        ranker.begin(generation: serving, blend: BlendSettings())
                        var fitted: [UInt32: Double] = [:]
                        for parts in ranker.parts(query) {
                            fitted[parts.item] = Self.score(parts, Self.planted, items: recents.count)
                        }
                        ranker.rank([query]) { _, list, _ in
                            for place in list.indices where list[place].reason != .popular {
                                compared += 1
                                let score = Double(list[place].score)
                                #expect(abs(score - (fitted[list[place].item] ?? .nan)) < 1e-3)
                            }
                        }
                    }
                }
            }
        }
        #expect(compared > 500)
    }
}
