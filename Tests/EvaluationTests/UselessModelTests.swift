import Models
import Testing

@testable import Evaluation

/// Models that know nothing, or have run away, must not look good.
@Suite struct UselessModelTests {
    private static func evaluation(_ recommender: any Recommender) -> OfflineEvaluation {
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(recommender)
        return evaluation
    }

    /// Ties count against the wanted item, and so does what is no number.
    @Test(arguments: [Float(0.5), -.infinity, .nan]) func oneScoreForAllFindsNothing(score: Float) throws {
        let split = OfflineSplit.lastOut(try PrequentialTests.shelves(users: 60, steps: 8))
        var evaluation = Self.evaluation(StubRecommender(score: score, negatives: 4))
        evaluation.length = 10
        evaluation.ranking = .sampled(SampledNegatives())
        let metrics = evaluation.run(split).metrics
        #expect(metrics.count > 40 && metrics.hitRate == 0 && metrics.ndcg == 0)
        evaluation.ranking = .allItems
        evaluation.measuresAUC = true
        // A half, but for the wanted items that training has not seen.
        let auc = try #require(evaluation.run(split).auc)
        #expect(score.isNaN ? auc == 0 : auc > 0.4 && auc <= 0.5)
    }

    @Test func noNumberLosesOnBothSides() {
        #expect(RankingMetrics.auc(relevant: [.nan], others: [1, .nan]) == 0)
        #expect(RankingMetrics.auc(relevant: [1], others: [.nan, .nan]) == 0)
        #expect(RankingMetrics.auc(relevant: [2, .nan], others: [1]) == 0.5)
    }

    @Test func aDivergedModelIsRefused() throws {
        let split = OfflineSplit.lastOut(try PrequentialTests.shelves(users: 60, steps: 8))
        let result = Self.evaluation(StubRecommender(isFinite: false)).run(split)
        #expect(result.refusal == "stub diverged: lower learning-rate" && result.metrics.count == 0)
        #expect(Self.evaluation(StubRecommender()).run(split).refusal == nil)
    }

    /// Learning rates within what may be set that are too large for the data; the default ones are not.
    @Test(arguments: [("mf", "0.3"), ("fm", "1"), ("bpr", "1"), ("embedding", "1")])
    func longStepsAreSaidToDiverge(name: String, rate: String) throws {
        let type = try #require(RecommenderCatalogue.find(name))
        let split = OfflineSplit.lastOut(try Self.random())
        var recommender: any Recommender = type.init()
        try recommender.set("epochs", to: name == "bpr" ? "200" : "30")
        try recommender.set("learning-rate", to: rate)
        #expect(Self.evaluation(recommender).run(split).refusal == "\(name) diverged: lower learning-rate")
        #expect(Self.evaluation(type.init()).run(split).refusal == nil)
    }

    /// Shoppers who touch what chance says, with ratings of 1 to 4.
    private static func random() throws -> EventStream {
        var random = RandomStream(seed: 9)
        let types = ["view", "cart", "purchase"]
        return try PrequentialTests.read(
            (0..<2000).map { time in
                #"{"user_id":"u\#(random.below(80))","product_id":"\#(random.below(60))","#
                    + #""event_type":"\#(types[random.below(3)])","event_time":\#(time + 1)}"#
            }.joined(separator: "\n"))
    }

    /// A step that takes all of a vector away, or more, learns nothing.
    @Test func stepsThatTakeAllAreRefused() throws {
        var model = MatrixFactorization()
        (model.learningRate, model.regularization) = (0.5, 2)
        #expect(model.refusal(items: 3)?.contains("below 1") == true)
        let split = OfflineSplit.lastOut(try PrequentialTests.shelves(users: 9, steps: 4))
        #expect(Self.evaluation(model).refusal([split]) != nil)
        model.regularization = 1.9
        #expect(model.refusal(items: 3) == nil)
    }

    /// Lists go on with the generation that there is.
    @Test func aStreamSaysThatAModelDiverged() throws {
        var evaluation = PrequentialTests.evaluation()
        evaluation.model = StubRecommender(isFinite: false)
        let result = evaluation.run(try PrequentialTests.shelves(users: 40, steps: 6))
        #expect(result.refusal == "stub diverged: lower learning-rate" && result.generations.isEmpty)
        #expect(result.count > 0)
    }
}
