import Models
import Evaluation
import Foundation
import Testing

@Suite struct MetricsTests {
    @Test func oneList() {
        var metrics = RankingMetrics(length: 4)
        // Relevant items at ranks 2 and 4 of the list, one of three outside.
        metrics.add(hitRanks: [1, 3], relevant: 3)
        let ideal = 1 + 1 / log2(3.0) + 1 / log2(4.0)
        #expect(metrics.hitRate == 1)
        #expect(abs(metrics.recall - 2.0 / 3) < 1e-12)
        #expect(metrics.precision == 0.5)
        #expect(abs(metrics.ndcg - (1 / log2(3.0) + 1 / log2(5.0)) / ideal) < 1e-12)
        #expect(abs(metrics.map - (0.5 + 0.5) / 3) < 1e-12)
        #expect(metrics.mrr == 0.5)
    }

    @Test func meansAndMisses() {
        var metrics = RankingMetrics(length: 2)
        metrics.add(hitRanks: [0], relevant: 1)
        metrics.add(hitRanks: [2], relevant: 1)
        metrics.add(hitRanks: [], relevant: 0)
        #expect(metrics.count == 2)
        #expect(metrics.hitRate == 0.5)
        #expect(metrics.ndcg == 0.5)
    }

    @Test func areaUnderCurve() {
        #expect(RankingMetrics.auc(relevant: [5, 4], others: [3, 2, 1]) == 1)
        #expect(RankingMetrics.auc(relevant: [1, 2], others: [5, 4, 3]) == 0)
        #expect(RankingMetrics.auc(relevant: [5, 1], others: [2, 3, 4]) == 0.5)
        // Of the three others one is tied and one lies below.
        #expect(RankingMetrics.auc(relevant: [2], others: [3, 2, 1]) == 0.5)
        #expect(RankingMetrics.auc(relevant: [1], others: []) == nil)
    }

    @Test func diversityNeedsCategories() {
        var statistics = ListStatistics(interactions: [1, 1, 1])
        statistics.add([0, 1, 2]) { _ in nil }
        #expect(statistics.diversity == nil)
        statistics.add([0, 1]) { $0 == 0 ? 7 : nil }
        #expect(statistics.diversity == 1)
    }

    @Test func ratingErrors() {
        var errors = RatingErrors()
        errors.add(predicted: 3, actual: 4)
        errors.add(predicted: 1, actual: 4)
        #expect(errors.mse == 5 && errors.rmse == 5.0.squareRoot() && errors.mae == 2)
        #expect(!errors.hasDifferentRatings && !RatingErrors().hasDifferentRatings)
        errors.add(predicted: 1, actual: 1)
        #expect(errors.hasDifferentRatings)
    }

    @Test func bootstrapFindsTheIntervalOfANormalMean() throws {
        // 400 differences of mean 0.05 and deviation 1: half a width of 1.96 / √400.
        var differences = (0..<400).map { $0 % 2 == 0 ? 1.05 : -0.95 }
        let interval = try #require(PairedInterval(differences))
        #expect(abs(interval.mean - 0.05) < 1e-9)
        #expect(abs(interval.high - interval.low - 2 * 1.96 / 20) < 0.02)
        #expect(!interval.isSignificant)
        #expect(PairedInterval(differences) == interval)
        // Copies in the same cluster say nothing new; as cases of their own they would halve the width.
        differences += differences + differences + differences
        let clustered = try #require(PairedInterval(differences, clusters: (0..<1600).map { $0 % 400 }))
        #expect(abs(clustered.high - clustered.low - (interval.high - interval.low)) < 1e-9)
        #expect(PairedInterval([]) == nil)
    }

    @Test func listStatistics() throws {
        // The last has no interactions and stands in no list: it is not of the catalogue.
        var statistics = ListStatistics(interactions: [4, 2, 1, 1, 0])
        statistics.add([0, 1]) { $0 % 2 }
        statistics.add([0, 2]) { $0 % 2 }
        #expect(statistics.coverage == 0.75)
        // Shares ½, ¼, ½, ⅛ of the interactions.
        #expect(abs(statistics.novelty - (1 + 2 + 1 + 3) / 4) < 1e-12)
        #expect(try #require(statistics.diversity) == 0.5)
        // Exposures 0, 1, 1, 2: Σ (2i − 5)·x_i = −1 + 1 + 6 = 6, over 4 · 4.
        #expect(abs(statistics.gini - 6.0 / 16) < 1e-12)
    }
}
