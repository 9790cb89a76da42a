import Events
import Foundation
import Linear
import Testing

@testable import Models

/// What single algorithms promise beyond the conformance suite.
struct AlgorithmTests {
    /// `implicit` 0.7.2's BayesianPersonalizedRanking on the same split, 64 factors, 100 iterations, one thread, three
    /// seeds: learning rate .01 and regularisation .01 (the defaults but for the factors) .1900/.0806, .1964/.0788,
    /// .1890/.0769; .05 and .03 .1656/.0689, .1699/.0709, .1518/.0670.
    @Test(.enabled(if: MovieLens100k.isPresent, "needs ../shared/data/ml-100k"))
    func pairwiseRankingIsNotBelowTheImplicitLibrary() throws {
        let data = try MovieLens100k()
        let (hitRate, ndcg) = data.quality(try #require(BayesianPersonalizedRanking().fit(data.histories)))
        #expect(hitRate > 0.19 && ndcg > 0.078, "\(hitRate) \(ndcg)")
    }

    /// `implicit` 0.7.2's CosineRecommender(K=6) of the reference matrix, without the item itself; NumPy says the same.
    @Test func neighboursAreThoseOfTheImplicitLibrary() throws {
        let expected: [(item: Int, neighbours: [(Int32, Float)])] = [
            (0, [(9, 0.424476), (1, 0.303822), (2, 0.289314), (6, 0.23946), (8, 0.238998)]),
            (5, [(9, 0.571187), (1, 0.384371), (3, 0.300376), (10, 0.251124), (11, 0.235159)]),
            (11, [(3, 0.57686), (8, 0.400082), (7, 0.381244), (4, 0.247226), (5, 0.235159)]),
        ]
        var knn = ItemKNN()
        knn.neighbours = 5
        knn.normalisesUsers = false
        knn.targetExponent = 0.5
        knn.sourceExponent = 0.5
        let table = try #require(knn.train(referenceMatrix()))
        for (item, neighbours) in expected {
            for (place, (other, weight)) in zip(table.range(of: item), neighbours) {
                #expect(table.indices[place] == other && abs(table.weights[place] - weight) < 1e-5)
            }
        }
    }

    /// NumPy of the reference matrix, users normalised: `C_ji n_j^−0.6 n_i^−0.25`, without and with a shrinkage.
    @Test func neighboursWithExponentsAreThoseOfNumPy() throws {
        let expected: [(shrinkage: Float, item: Int, neighbours: [(Int32, Float)])] = [
            (0, 0, [(9, 0.358642), (6, 0.313268), (2, 0.286817), (1, 0.190116), (8, 0.154826)]),
            (0, 7, [(11, 0.38782), (1, 0.327793), (6, 0.25429), (2, 0.234639), (4, 0.222965)]),
            (3, 0, [(9, 0.196966), (6, 0.167823), (2, 0.153499), (1, 0.101896), (8, 0.082135)]),
            (3, 7, [(11, 0.177913), (1, 0.159639), (6, 0.123778), (2, 0.114087), (8, 0.107157)]),
        ]
        for (shrinkage, item, neighbours) in expected {
            var knn = ItemKNN()
            (knn.neighbours, knn.normalisesUsers, knn.shrinkage) = (5, true, shrinkage)
            (knn.targetExponent, knn.sourceExponent) = (0.25, 0.6)
            let table = try #require(knn.train(referenceMatrix()))
            for (place, (other, weight)) in zip(table.range(of: item), neighbours) {
                #expect(table.indices[place] == other && abs(table.weights[place] - weight) < 1e-5)
            }
        }
    }

    /// NumPy's least squares of the stacked rows of the model's comment: own ratings, untouched items as 0, the ridge.
    @Test func projectionsOfRatingsAreTheClosedForm() {
        let vectors: [[Float]] = [
            [0.5, -0.2, 1, 0.2], [0.1, 0.7, 1, -0.1], [-0.4, 0.3, 1, 0.4], [0.9, 0.1, 1, 0], [-0.3, -0.6, 1, -0.3],
        ]
        let model = MatrixFactorization.Model(
            items: Matrix(vectors), mean: 0.8, regularization: 0.05, negatives: 4)
        let scores = model.scores(UserHistory(items: [3, 0, 4], ratings: [4, 1, 3]), of: [0, 1, 2, 3, 4])
        for (score, expected) in zip(scores, [Float(0.9733722), -0.0824787, 0.49809931, 0.72235755, 0.44092391]) {
            #expect(abs(score - expected) < 1e-5)
        }
    }

    /// The formula of the type's comment, summed in double precision over the histories.
    @Test func covisitationIsItsFormula() throws {
        let histories = RecommenderConformance.histories
        let size = histories.items.count
        var settings = SequentialCovisitation()
        settings.window = 3
        settings.backwardWeight = 0.5
        settings.distanceExponent = 1
        settings.halfLifeDays = 0
        var counts = [[Double]](repeating: Array(repeating: 0, count: size), count: size)
        var totals = [Double](repeating: 0, count: size)
        for user in 0..<histories.userCount {
            let items = histories.history(of: user).items.reversed().map { Int($0) }
            for (place, item) in items.enumerated() {
                totals[item] += 1
                for k in 1...3 where place - k >= 0 {
                    counts[items[place - k]][item] += 1 / Double(k + 1)
                    counts[item][items[place - k]] += 0.5 / Double(k + 1)
                }
            }
        }
        let model = try #require(settings.fit(histories))
        let history = histories.history(of: 7)
        let scores = model.scores(history, of: (0..<size).map { Int32($0) })
        for item in 0..<size {
            var expected = 0.0
            for (q, other) in history.items.prefix(settings.recents).enumerated() {
                let source = 1 / Double(totals[Int(other)]).squareRoot()
                let target = Deterministic.exp2(-0.3 * Deterministic.log2(totals[item]))
                let position = Deterministic.exp2(Double(q) * Deterministic.log2(0.7))
                expected += position * source * counts[Int(other)][item] * target
            }
            // Counts stand in 4096ths.
            #expect(abs(Double(scores[item]) - expected) < 2e-3 * max(1, expected))
        }
    }

    /// The loss of the type's comment falls with every sweep.
    @Test func elementwiseSweepsLowerTheLoss() throws {
        let data = planted(users: 60, items: 41, seed: 7)
        var model = ElementwiseALS()
        model.factors = 7
        model.regularization = 0.3
        model.missingWeight = 12
        model.alpha = 0.7
        let missing = model.missingWeights(data.transposed())
        #expect(abs(missing.reduce(0, +) - 12) < 1e-4)
        func loss(_ factors: Factors) throws -> Double {
            let users = try #require(factors.users)
            var sum = 0.0
            for user in 0..<60 {
                let range = data.range(of: user)
                for item in 0..<41 {
                    let score = (0..<7).reduce(0.0) {
                        $0 + Double(users[user, $1]) * Double(factors.items[item, $1])
                    }
                    if let n = range.first(where: { data.indices[$0] == Int32(item) }) {
                        sum += 0.7 * Double(data.weights[n]) * (1 - score) * (1 - score)
                    } else {
                        sum += Double(missing[item]) * score * score
                    }
                }
            }
            for matrix in [users, factors.items] {
                for row in 0..<matrix.rows {
                    for column in 0..<7 { sum += 0.3 * Double(matrix[row, column]) * Double(matrix[row, column]) }
                }
            }
            return sum
        }
        var last = Double.infinity
        for sweeps in 1...6 {
            model.sweeps = sweeps
            let factors = try #require(model.train(data))
            let value = try loss(factors)
            #expect(value < last)
            last = value
        }
    }

    /// The weights are those of the histories without each user's newest, found before the members are fitted to be kept.
    @Test func ensemblesTakeTheWeightsOfTheirTrial() throws {
        let ensemble = Ensemble()
        let histories = RecommenderConformance.histories
        let weights = ensemble.weights(histories, progress: { _ in }, isCancelled: { false })
        #expect(try #require(ensemble.fit(histories)).weights == weights)
        #expect(ensemble.weights(histories, progress: { _ in }, isCancelled: { true }) == nil)
    }

    /// One gain for what is fitted, decided and reported.
    @Test func gainsAreTheLogarithmsOfTheirRanks() {
        for rank in 0..<1000 { #expect(abs(Gain.at(rank) - 1 / log2(Double(rank + 2))) < 1e-15) }
        #expect(Gain.at(0) == 1 && Gain.at(2) == 0.5 && Gain.at(nil) == 0)
    }

    /// Ratings that are a sum of biases and a product are found again.
    @Test func explicitFactorsPredictRatings() throws {
        var random = RandomStream(seed: 2)
        let biases = (0..<40).map { _ in Float(random.normal()) * 0.5 }
        var pairs: [(row: Int32, column: Int32, weight: Float)] = []
        for user in 0..<150 {
            for item in 0..<40 where random.uniform() < 0.5 {
                let taste: Float = user % 2 == item % 2 ? 0.7 : -0.7
                pairs.append((Int32(user), Int32(item), 2.5 + biases[item] + taste))
            }
        }
        var model = MatrixFactorization()
        model.negatives = 0
        model.factors = 4
        model.epochs = 60
        model.regularization = 0.01
        let data = Interactions(rows: 150, columns: 40, pairs: pairs)
        let learnt = try #require(model.train(data))
        let served = MatrixFactorization.Model(
            items: learnt.factors.items, mean: learnt.mean, regularization: 0.01, negatives: 0)
        var (square, count) = (0.0, 0.0)
        for user in 0..<150 {
            let range = data.range(of: user)
            let history = UserHistory(items: Array(data.indices[range]), ratings: Array(data.weights[range]))
            let all = served.scores(history, of: (0..<40).map { Int32($0) })
            for item in 0..<40 {
                let miss = Double(all[item] - (2.5 + biases[item] + (user % 2 == item % 2 ? 0.7 : -0.7)))
                square += miss * miss
                count += 1
            }
        }
        #expect((square / count).squareRoot() < 0.25)
    }
}
