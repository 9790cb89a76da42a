import Models
import Testing

@testable import Evaluation

/// Errors of predicted ratings, on one scale and of what are ratings.
@Suite struct RatingErrorTests {
    private static let day = 86_400_000

    /// Sixty days between a user's events: with a half-life of thirty, a purchase would have faded to a view.
    private static func split() throws -> OfflineSplit {
        let rows = [
            ("a", "1", "purchase", 1), ("a", "2", "view", 60), ("a", "3", "cart", 120),
            ("b", "1", "cart", 1), ("b", "3", "cart", 60), ("b", "2", "cart", 119), ("b", "2", "remove_from_cart", 120),
        ]
        let stream = try PrequentialTests.read(
            rows.map {
                #"{"user_id":"\#($0.0)","product_id":"\#($0.1)","event_type":"\#($0.2)","event_time":\#($0.3 * day)}"#
            }.joined(separator: "\n"))
        return OfflineSplit(
            train: EventStream(stream) { ![4, 5, 6].contains($0) }, stream: stream, asked: [4, 5, 6])
    }

    /// a's mean is (4 + 1) / 2 and 3 is wanted; b's is 3, and what was removed from the cart is worth 2.
    @Test func ratingsAreMeasuredOnTheScaleTheyAreLearntOn() throws {
        let split = try Self.split()
        #expect(split.wantedRatings == [[3], [2]])
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(StubRecommender())
        let result = evaluation.run(split)
        let errors = try #require(result.ratingErrors)
        #expect(errors.count == 2 && abs(errors.mse - (0.25 + 1) / 2) < 1e-6 && abs(errors.mae - 0.75) < 1e-6)
        #expect(!result.hasUntouchedAsRatings)
    }

    /// What untouched items pull towards 0 is on no scale of ratings.
    @Test func untouchedItemsLeaveNoRatings() throws {
        var evaluation = OfflineEvaluation()
        evaluation.model = .recommender(StubRecommender(negatives: 1))
        let result = evaluation.run(try Self.split())
        #expect(result.ratingErrors == nil && result.hasUntouchedAsRatings)
        for model in [MatrixFactorization(), EmbeddingNetwork()] as [any RatingRecommender] {
            evaluation.model = .recommender(model)
            let result = evaluation.run(try Self.split())
            #expect(result.ratingErrors == nil && result.hasUntouchedAsRatings)
        }
        var ratings = MatrixFactorization()
        ratings.negatives = 0
        evaluation.model = .recommender(ratings)
        let split = try Self.split()
        #expect(evaluation.run(split).ratingErrors?.count == 2)
        evaluation.model = .recommender(ItemKNN())
        #expect(!evaluation.run(split).hasUntouchedAsRatings)
    }
}
