import Events
import Linear
import Models
import Testing

@testable import Models

@Suite struct GenerationTrialTests {
    private static let settings = GenerationTrainerTests.settings(threads: 2)
    private static let trial = GenerationTrial(settings: settings, blend: BlendSettings())
    private static let histories = GenerationTrainerTests.histories(users: 120, length: 14)

    private static func serving(share: Double) throws -> Generation {
        let before = histories.until(histories.time(ofShare: share))
        return try #require(GenerationTrainer(settings: settings).train(before))
    }

    /// The same items, their vectors and neighbours mixed up.
    private static func spoilt(_ generation: Generation) -> Generation {
        var factors = generation.factors
        let count = generation.items.count
        for row in 0..<count {
            for column in 0..<factors.columns {
                factors[row, column] = generation.factors[(row * 37 + 11) % count, column]
            }
        }
        var manifest = generation.manifest
        manifest.blend = BlendSettings()
        manifest.blend.sequential.weight = 0
        manifest.blend.category.weight = 0
        manifest.blend.neighbours.weight = 0
        return Generation(
            number: generation.number, manifest: manifest, items: generation.items, factors: factors, neighbours: [],
            neighbourWeights: [], neighboursPerItem: 0)
    }

    private static func fromOutside(_ generation: Generation) -> Generation {
        var manifest = generation.manifest
        manifest.model = GenerationManifest.importedModel
        return generation.with(manifest: manifest)
    }

    @Test func theFirstIsPromoted() throws {
        let (generation, decision) = try #require(Self.trial.run(.blend(Self.settings), Self.histories, serving: nil))
        #expect(decision.isPromoted && decision.reason == .first && decision.comparison == nil)
        #expect(generation.manifest.latestTime == Self.histories.latestTime)
    }

    @Test(arguments: [GenerationRecipe.blend(settings), .recommender(ItemKNN(), settings)])
    func nothingIsTrainedOnNothing(recipe: GenerationRecipe) {
        #expect(recipe.refusal(Self.histories.until(0)) == nil)
        #expect(recipe.refusal(Self.histories.until(-1)) != nil)
    }

    @Test func theSameRecipeOnNewerDataIsPromoted() throws {
        let serving = try Self.serving(share: 0.7)
        let outcome = try #require(Self.trial.run(.blend(Self.settings), Self.histories, serving: serving))
        let comparison = try #require(outcome.decision.comparison)
        #expect(outcome.decision.isPromoted && outcome.decision.reason == .notWorse)
        #expect(comparison.cases > 20 && comparison.boundary > serving.manifest.latestTime)
        #expect(outcome.generation.manifest.latestTime == Self.histories.latestTime)
        let again = try #require(Self.trial.run(.blend(Self.settings), Self.histories, serving: serving))
        #expect(again.decision == outcome.decision)
    }

    /// What is judged has seen nothing of the stretch that it is judged on, weights included.
    @Test func theJudgedStretchIsUnseen() throws {
        let serving = try Self.serving(share: 0.7)
        let comparison = try #require(
            Self.trial.run(.blend(Self.settings), Self.histories, serving: serving)?.decision.comparison)
        let before = Self.histories.until(comparison.boundary)
        let judged = try #require(GenerationTrainer(settings: Self.settings).train(before, earlier: serving))
        #expect(judged.manifest.latestTime <= comparison.boundary)
        var again = try #require(Self.trial.compare(judged, serving, Self.histories, after: comparison.boundary))
        #expect(again.standIns == .init(candidate: false, serving: false))
        // What is promoted has been trained again on everything: the figures are those of what was judged in its place.
        again.standIns?.candidate = true
        #expect(again == comparison)
    }

    @Test func aWorseOneIsRefused() throws {
        let serving = try Self.serving(share: 0.7)
        let decision = Self.trial.judge(Self.spoilt(serving), Self.histories, serving: serving)
        #expect(!decision.isPromoted && decision.reason == .worse)
        #expect(decision.comparison?.isWorse == true)
        // And the other way round it is promoted.
        let back = Self.trial.judge(serving, Self.histories, serving: Self.spoilt(serving))
        #expect(back.isPromoted && (back.comparison?.difference.low ?? 0) > 0)
    }

    /// The same recipe on newer data has that to speak for it; another kind has its figures only.
    @Test func anotherKindMustNotBeLower() throws {
        let serving = try Self.serving(share: 0.7)
        var comparison = GenerationComparison()
        (comparison.cases, comparison.users) = (300, 50)
        comparison.serving.ndcg = 0.1
        comparison.candidate.ndcg = 0.09
        comparison.difference = PairedInterval(mean: -0.01, low: -0.03, high: 0.01)
        let same = GenerationDecision(comparison, candidate: serving, serving: serving)
        #expect(same.isPromoted && same.reason == .notWorse)
        let other = Self.fromOutside(serving)
        let lower = GenerationDecision(comparison, candidate: other, serving: serving)
        #expect(!lower.isPromoted && lower.reason == .lower)
        #expect(GenerationDecision(comparison, candidate: other, serving: other).reason == .lower)
        #expect(GenerationDecision(comparison, candidate: other, serving: nil).reason == .lower)
        var manifest = serving.manifest
        manifest.model = "als"
        manifest.settings = ["factors=8"]
        let small = serving.with(manifest: manifest)
        manifest.settings = ["factors=16"]
        let large = serving.with(manifest: manifest)
        #expect(GenerationDecision(comparison, candidate: small, serving: small).isPromoted)
        #expect(GenerationDecision(comparison, candidate: large, serving: small).reason == .lower)
        // The blend with other settings is another recipe; one that was published before manifests named them is not known
        // to be.
        var wider = Self.settings
        wider.factors = 8
        let before = Self.histories.until(serving.manifest.latestTime)
        let changed = try #require(GenerationTrainer(settings: wider).train(before))
        #expect(GenerationDecision(comparison, candidate: changed, serving: serving).reason == .lower)
        #expect(GenerationDecision(nil, candidate: changed, serving: serving).reason == .tooFewCases)
        manifest = serving.manifest
        manifest.settings = []
        #expect(
            GenerationDecision(comparison, candidate: changed, serving: serving.with(manifest: manifest)).isPromoted)
        comparison.candidate.ndcg = 0.1
        #expect(GenerationDecision(comparison, candidate: other, serving: serving).isPromoted)
        comparison.difference = PairedInterval(mean: -0.02, low: -0.03, high: -0.01)
        #expect(GenerationDecision(comparison, candidate: serving, serving: serving).reason == .worse)
    }

    /// With nothing to tell by, newer data speaks for the same recipe, and nothing for factors from outside.
    @Test func fewCasesOrUsersDecideNothing() throws {
        let serving = try Self.serving(share: 0.7)
        let outside = Self.fromOutside(serving)
        for (cases, users) in [(0, 0), (9, 9), (300, 2)] {
            var comparison = GenerationComparison()
            (comparison.cases, comparison.users) = (cases, users)
            comparison.candidate.ndcg = 0.1
            let same = GenerationDecision(comparison, candidate: serving, serving: serving)
            #expect(same.isPromoted && same.reason == .renewed)
            for present in [serving, outside, nil] {
                let decision = GenerationDecision(comparison, candidate: outside, serving: present)
                #expect(!decision.isPromoted && decision.reason == .tooFewCases)
            }
        }
    }

    /// Other factors from outside, and nothing at all, are no reason to take worse ones.
    @Test func worseFactorsFromOutsideAreRefusedOverOthersAndOverNone() throws {
        let serving = try Self.serving(share: 0.7)
        let (good, bad) = (Self.fromOutside(serving), Self.fromOutside(Self.spoilt(serving)))
        for present in [good, nil] {
            let decision = Self.trial.judge(bad, Self.histories, serving: present)
            #expect(!decision.isPromoted && decision.reason == .worse)
            #expect((decision.comparison?.cases ?? 0) > 20)
        }
        #expect(Self.trial.judge(good, Self.histories, serving: bad).isPromoted)
        #expect(Self.trial.judge(good, Self.histories, serving: nil).reason == .notWorse)
    }

    /// One that is brought from elsewhere has its figures only, whatever recipe made it: beside none it is not the first, and
    /// beside one of its own recipe no renewal.
    @Test func whatIsBroughtFromElsewhereNeedsFigures() throws {
        let brought = try Self.serving(share: 0.7)
        #expect(brought.manifest.model == GenerationManifest.blendModel)
        let seen = Self.histories.until(brought.manifest.latestTime)
        for present in [brought.with(number: 9), nil] {
            let decision = Self.trial.judge(brought, seen, serving: present)
            #expect(!decision.isPromoted && decision.reason == .tooFewCases)
        }
        let fresh = Self.trial.judge(brought, Self.histories, serving: nil)
        #expect(fresh.reason == .notWorse && (fresh.comparison?.cases ?? 0) > 20)
    }

    @Test func whereNothingCameAfterwardsTheServingOneIsStoodInFor() throws {
        let serving = try Self.serving(share: 1)
        #expect(serving.manifest.latestTime == Self.histories.latestTime)
        let outcome = try #require(
            Self.trial.run(.recommender(ItemKNN(), Self.settings), Self.histories, serving: serving))
        let comparison = try #require(outcome.decision.comparison)
        #expect(comparison.cases > 20 && comparison.boundary < Self.histories.latestTime)
        #expect(outcome.generation.manifest.model == "knn" && outcome.generation.neighboursPerItem > 0)
    }

    /// Trained by one recipe on the same histories, a candidate and a stand-in are the same: that is no comparison.
    @Test func oneRecipeIsNotComparedWithItself() throws {
        let serving = try Self.serving(share: 1)
        var shares: [Double] = []
        let outcome = try #require(
            Self.trial.run(
                .blend(Self.settings), Self.histories, serving: serving, progress: { shares.append($0) }))
        #expect(outcome.decision.isPromoted && outcome.decision.reason == .renewed)
        #expect(outcome.decision.comparison == nil && outcome.decision.serving == serving.number)
        #expect(outcome.generation.manifest.latestTime == Self.histories.latestTime)
        #expect(shares == shares.sorted() && shares.last == 1)
        // Other settings are another recipe, and are judged.
        var others = Self.settings
        others.factors = 8
        let judged = try #require(Self.trial.run(.blend(others), Self.histories, serving: serving))
        #expect((judged.decision.comparison?.cases ?? 0) > 20)
        let knn = GenerationRecipe.recommender(ItemKNN(), Self.settings)
        let table = try #require(knn.train(Self.histories, earlier: nil, blend: BlendSettings()))
        #expect(try #require(Self.trial.run(knn, Self.histories, serving: table)).decision.reason == .renewed)
    }

    @Test func factorsFromOutsideThatHaveSeenAllAreNotComparedWith() throws {
        let serving = try Self.serving(share: 1)
        let imported = Self.fromOutside(serving)
        let outcome = try #require(Self.trial.run(.blend(Self.settings), Self.histories, serving: imported))
        #expect(outcome.decision.comparison == nil && outcome.decision.reason == .tooFewCases)
        #expect(!outcome.decision.isPromoted)
    }

    /// With its seed, and with weights that are fitted on what came before, as the generation's were not.
    @Test func aStandInIsTheRecipeItself() throws {
        var learner = BayesianPersonalizedRanking()
        (learner.seed, learner.epochs) = (7, 3)
        let before = Self.histories.until(Self.histories.time(ofShare: 0.9))
        var others = Self.settings
        (others.factors, others.neighbours.window, others.neighbours.targetExponent) = (64, 3, 0.25)
        for recipe in [.blend(Self.settings), .blend(others), GenerationRecipe.recommender(learner, Self.settings)] {
            let generation = try #require(recipe.train(before, earlier: nil, blend: BlendSettings()))
            var manifest = generation.manifest
            manifest.blend.sequential.weight = 40
            manifest.latestTime = Self.histories.latestTime
            let repeated = GenerationRecipe.standIn(
                for: generation.with(manifest: manifest), before, settings: Self.settings, blend: BlendSettings(),
                isCancelled: { false })
            let again = try #require(repeated)
            #expect(again.neighbours == generation.neighbours && again.manifest == generation.manifest)
            #expect(GenerationTrainerTests.bits(again) == GenerationTrainerTests.bits(generation))
        }
    }

    @Test func anAlgorithmKeepsItsSeedAndStartsFromTheGivenWeights() throws {
        var learner = ImplicitALS()
        (learner.seed, learner.factors, learner.sweeps) = (7, 8, 2)
        var settings = Self.settings
        settings.isFitted = false
        var blend = BlendSettings()
        blend.sequential.weight = 3
        let generation = try #require(
            GenerationRecipe.recommender(learner, settings).train(Self.histories, earlier: nil, blend: blend))
        #expect(generation.manifest.seed == 7 && generation.manifest.blend.sequential.weight == 3)
        learner.seed = 8
        let other = try #require(
            GenerationRecipe.recommender(learner, settings).train(Self.histories, earlier: nil, blend: blend))
        #expect(GenerationTrainerTests.bits(other) != GenerationTrainerTests.bits(generation))
    }

    @Test func everyAlgorithmCanBeServed() throws {
        for type in RecommenderCatalogue.all {
            let outcome = try #require(
                Self.trial.run(.recommender(type.init(), Self.settings), Self.histories, serving: nil))
            let generation = outcome.generation
            #expect(generation.manifest.model == type.name)
            // Popularity is counted by the blend itself.
            let isServed = generation.neighbours.contains { $0 >= 0 } || generation.factors.columns > 1
            #expect(isServed == (type != Popularity.self), "\(type.name)")
            #expect(type.isServedByFactors == (generation.factors.columns > 1), "\(type.name)")
            #expect(generation.items == Self.histories.items)
        }
    }

    @Test func cancellationEndsATrial() throws {
        let serving = try Self.serving(share: 0.7)
        #expect(
            Self.trial.run(.blend(Self.settings), Self.histories, serving: serving, isCancelled: { true }) == nil)
    }
}
