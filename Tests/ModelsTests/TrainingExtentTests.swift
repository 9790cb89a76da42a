import Events
import Testing

@testable import Models

/// A candidate that was trained on less than the serving generation must not take its place because nothing can be told.
@Suite struct TrainingExtentTests {
    private static let settings = GenerationTrainerTests.settings(threads: 2)
    private static let trial = GenerationTrial(settings: settings, blend: BlendSettings())
    private static let histories = GenerationTrainerTests.histories(users: 120, length: 14)
    private static let blend = GenerationRecipe.blend(settings)

    private static func serving() throws -> Generation {
        try #require(GenerationTrainer(settings: settings).train(histories))
    }

    /// `count` events of as many users, of which the last is at a time.
    private static func file(_ count: Int, until latest: Int64) -> TrainingHistories {
        let identifiers = IdentifierTable()
        var builder = TrainingHistories.Builder()
        for user in 0..<count {
            builder.append(
                identifiers.intern("item-\(user % 40)"), rating: 1, time: latest - Int64(count - 1 - user) * 1000)
            builder.endUser()
        }
        return builder.build(identifiers)
    }

    @Test(arguments: [blend, .recommender(ItemKNN(), settings)], [1, 300])
    func aTinyFileIsRefused(recipe: GenerationRecipe, count: Int) throws {
        let serving = try Self.serving()
        let latest = Self.histories.latestTime
        // Older and as new events are no stretch that the serving generation has not seen.
        for time in [latest - 5_000_000, latest] {
            let outcome = try #require(
                Self.trial.run(recipe, Self.file(count, until: time), serving: serving))
            #expect(!outcome.decision.isPromoted && outcome.decision.reason == .tooFewCasesOfLess)
            #expect(outcome.decision.serving == serving.number)
        }
        // Newer ones are judged, and tell nothing: each of their users is new.
        let newer = Self.file(count, until: latest + 1_000_000)
        let outcome = try #require(Self.trial.run(recipe, newer, serving: serving))
        #expect(!outcome.decision.isPromoted && outcome.decision.reason == .tooFewCasesOfLess)
    }

    @Test func fewerInteractionsAreRefusedAndNineTenthsAreNot() throws {
        let serving = try Self.serving()
        func reason(_ change: (inout TrainingExtent) -> Void) -> GenerationDecision.Reason {
            var extent = TrainingExtent(Self.histories)
            change(&extent)
            return GenerationDecision(nil, candidate: serving, trainedOn: extent, serving: serving).reason
        }
        #expect(reason { _ in } == .renewed)
        #expect(reason { $0.interactions = $0.interactions * 91 / 100 } == .renewed)
        #expect(reason { $0.interactions = $0.interactions * 89 / 100 } == .tooFewCasesOfLess)
        #expect(reason { $0.items = serving.items.count * 91 / 100 } == .renewed)
        #expect(reason { $0.items = serving.items.count * 89 / 100 } == .tooFewCasesOfLess)
        #expect(reason { $0.latestTime -= 1 } == .tooFewCasesOfLess)
        #expect(reason { $0.latestTime += 1 } == .renewed)
    }

    @Test func olderDataAreRefused() throws {
        let serving = try Self.serving()
        let older = Self.histories.until(Self.histories.time(ofShare: 0.97))
        #expect(older.count * 10 > Self.histories.count * 9)
        let outcome = try #require(Self.trial.run(Self.blend, older, serving: serving))
        #expect(!outcome.decision.isPromoted && outcome.decision.reason == .tooFewCasesOfLess)
    }

    /// Figures speak for less where they are the serving generation's own, and better beyond chance.
    @Test func lessNeedsToBeBetter() throws {
        let serving = try Self.serving()
        var comparison = GenerationComparison()
        (comparison.cases, comparison.users) = (300, 50)
        comparison.standIns = .init()
        func reason(_ low: Double, _ high: Double) -> GenerationDecision.Reason {
            comparison.candidate.ndcg = 0.1 + (low + high) / 2
            comparison.serving.ndcg = 0.1
            comparison.difference = PairedInterval(mean: (low + high) / 2, low: low, high: high)
            let less = TrainingExtent(Self.file(300, until: Self.histories.latestTime))
            return GenerationDecision(comparison, candidate: serving, trainedOn: less, serving: serving).reason
        }
        #expect(reason(-0.01, 0.02) == .less)
        #expect(reason(-0.02, -0.01) == .worse)
        #expect(reason(0.01, 0.02) == .notWorse)
        comparison.standIns?.serving = true
        #expect(reason(0.01, 0.02) == .less)
    }

    /// As the leader trains: beside a generation that it made a little earlier, on all that it has.
    @Test(arguments: [0.7, 0.95, 0.99, 1])
    func theLeadersRenewalIsPromoted(share: Double) throws {
        let before = Self.histories.until(Self.histories.time(ofShare: share))
        let serving = try #require(GenerationTrainer(settings: Self.settings).train(before))
        let outcome = try #require(Self.trial.run(Self.blend, Self.histories, serving: serving))
        #expect(outcome.decision.isPromoted, "\(outcome.decision.reason)")
        #expect(outcome.generation.manifest.interactions == Self.histories.count)
    }

    /// Factors from outside name items that need not be in any history.
    @Test func importedItemsAreNotCounted() throws {
        let serving = try Self.serving()
        var manifest = serving.manifest
        manifest.model = GenerationManifest.importedModel
        var extent = TrainingExtent(Self.histories)
        extent.items = 10
        #expect(extent.covers(TrainingExtent(serving.with(manifest: manifest))))
        #expect(!extent.covers(TrainingExtent(serving)))
    }
}
