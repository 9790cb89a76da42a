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
        #expect(RankingMetrics.auc(ranks: [0, 1], candidates: 5) == 1)
        #expect(RankingMetrics.auc(ranks: [3, 4], candidates: 5) == 0)
        #expect(RankingMetrics.auc(ranks: [0, 4], candidates: 5) == 0.5)
        #expect(RankingMetrics.auc(ranks: [0], candidates: 1) == nil)
    }

    @Test func listStatistics() throws {
        var statistics = ListStatistics(interactions: [4, 2, 1, 1])
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
