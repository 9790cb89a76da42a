import Linear
import Testing

@testable import Models

struct EASETests {
    /// Rows of NumPy's `-P / diag(P)` with `P = inv(X.T @ X + 5 I)`, X 1 where the reference matrix has a rating.
    static let plain: [(item: Int, weights: [Float])] = [
        (
            0,
            [
                0, 0.1274195, 0.2499342, -0.0564485, -0.0340717, -0.1125491, 0.1850965, -0.0548165, -0.0358905,
                0.2780540, 0.0835175, -0.0511242,
            ]
        ),
        (
            5,
            [
                -0.1302529, 0.2111047, -0.0798457, 0.1381324, 0.0131547, 0, 0.0082978, 0.0829276, -0.1125832,
                0.2903334, 0.2041036, 0.0932276,
            ]
        ),
    ]
    /// The same with the rows of X divided by the square roots of their sums, and times what keeps the trace.
    static let scaled: [(item: Int, weights: [Float])] = [
        (
            0,
            [
                0, 0.1093018, 0.2718569, -0.0547740, -0.0423554, -0.0928586, 0.2560699, -0.0288399, -0.0701594,
                0.2557349, 0.0438725, -0.0338554,
            ]
        ),
        (
            5,
            [
                -0.0899892, 0.1507224, -0.0567521, 0.0800459, 0.0036178, 0, 0.0080134, 0.0731397, -0.0968442,
                0.2659449, 0.1942564, 0.0487895,
            ]
        ),
    ]

    @Test(arguments: [Float(0), 0.5]) func equalsTheClosedFormOfNumPy(exponent: Float) throws {
        var ease = EASE()
        ease.regularization = 5
        ease.userExponent = exponent
        let model = EASE.Model(try #require(ease.train(referenceMatrix())))
        for (item, weights) in exponent == 0 ? Self.plain : Self.scaled {
            for (other, weight) in weights.enumerated() {
                #expect(abs(model.weight(from: item, to: other) - weight) < 1e-5)
            }
        }
        var scores = [Float](repeating: 0, count: 12)
        let user = UserHistory(items: [0, 5], ratings: [1, 4])
        scores.withUnsafeMutableBufferPointer { model.score(user, into: $0) }
        for item in 0..<12 {
            let expected = model.weight(from: 0, to: item) + model.weight(from: 5, to: item)
            #expect(abs(scores[item] - expected) < 1e-5)
        }
    }

    /// Of several blocks, one of them cut short.
    @Test(arguments: [1, 7, 128, 130, 300]) func invertsSymmetricMatrices(size: Int) {
        var random = RandomStream(seed: 3)
        var half = Matrix(rows: size, columns: size)
        for row in 0..<size { for column in 0..<size { half[row, column] = Float(random.normal()) } }
        var square = half.gram()
        for row in 0..<size { square[row, row] += Float(size) }
        var inverse = square
        let work = ParallelWork(threads: 2, isCancelled: { false })
        #expect(SymmetricInverse(work: work).negatedInverse(of: &inverse, progress: { _ in }))
        for row in stride(from: 0, to: size, by: max(1, size / 9)) {
            for column in stride(from: 0, to: size, by: max(1, size / 9)) {
                let product = (0..<size).reduce(0.0) { $0 - Double(square[row, $1]) * Double(inverse[$1, column]) }
                #expect(abs(product - (row == column ? 1 : 0)) < 1e-4)
            }
        }
    }

    @Test func refusesCataloguesThatAreTooLarge() {
        var ease = EASE()
        ease.itemsMax = 50
        let refusal = ease.refusal(items: RecommenderConformance.histories.items.count)
        #expect(refusal?.contains("takes at most 50") == true)
        #expect(ease.fit(RecommenderConformance.histories) == nil)
        #expect(EASE().refusal(items: RecommenderConformance.histories.items.count) == nil)
    }

    /// NumPy's closed form with λ = 200 on the same split: .2325 / .1023.
    @Test(.enabled(if: MovieLens100k.isPresent, "needs ../shared/data/ml-100k"))
    func equalsTheClosedFormOnMovieLens() throws {
        let data = try MovieLens100k()
        var ease = EASE()
        ease.regularization = 200
        ease.userExponent = 0
        let (hitRate, ndcg) = data.quality(try #require(ease.fit(data.histories)))
        #expect(abs(hitRate - 0.2325) < 0.0005 && abs(ndcg - 0.1023) < 0.0005, "\(hitRate) \(ndcg)")
    }
}
