import Foundation
import Models
import Testing

struct ItemKNNTests {
    let data = planted(users: 120, items: 50, seed: 5)

    /// The cosine of two columns, in double precision.
    static func cosine(_ data: Interactions, _ a: Int, _ b: Int, shrinkage: Double = 0) -> Double {
        var (both, first, second) = (0.0, 0.0, 0.0)
        for user in 0..<data.rows {
            var (x, y) = (0.0, 0.0)
            for n in data.range(of: user) {
                if data.indices[n] == a { x = Double(data.weights[n]) }
                if data.indices[n] == b { y = Double(data.weights[n]) }
            }
            both += x * y
            first += x * x
            second += y * y
        }
        return both / ((first * second).squareRoot() + shrinkage)
    }

    @Test(arguments: [Float(0), 20])
    func neighboursAreTheLargestCosines(shrinkage: Float) throws {
        var model = ItemKNN()
        model.neighbours = 7
        model.normalisesUsers = false
        model.shrinkage = shrinkage
        let result = try #require(model.train(data))
        for item in 0..<50 {
            let cosines = (0..<50).filter { $0 != item }
                .map { Self.cosine(data, item, $0, shrinkage: Double(shrinkage)) }.sorted(by: >)
            for (place, n) in result.range(of: item).enumerated() {
                #expect(abs(Double(result.weights[n]) - cosines[place]) < 1e-5)
                let exact = Self.cosine(data, item, Int(result.indices[n]), shrinkage: Double(shrinkage))
                #expect(abs(Double(result.weights[n]) - exact) < 1e-5)
            }
        }
    }

    @Test func noMorePlacesThanOtherItemsAndSomeMayStayEmpty() throws {
        let apart = Interactions(rows: 2, columns: 3, offsets: [0, 2, 3], indices: [0, 1, 2], weights: [1, 1, 1])
        #expect(try #require(ItemKNN().train(apart)).indices == [1, -1, 0, -1, -1, -1])
        let two = Interactions(rows: 1, columns: 2, offsets: [0, 2], indices: [0, 1], weights: [1, 1])
        let table = try #require(ItemKNN().train(two))
        #expect(table.width == 1 && table.indices == [1, 0])
        let one = Interactions(rows: 1, columns: 1, offsets: [0, 1], indices: [0], weights: [1])
        #expect(try #require(ItemKNN().train(one)).width == 0)
    }

    @Test func threadsLeaveNoTrace() throws {
        var model = ItemKNN()
        let two = try #require(model.train(data))
        model.threads = 1
        #expect(model.train(data) == two)
        #expect(!two.indices[two.range(of: 3)].contains(3))
        #expect(model.train(data, isCancelled: { true }) == nil)
    }

    @Test func dampenedWeightsAreTheirLogarithms() throws {
        let raw = Interactions(rows: 2, columns: 3, pairs: [(0, 0, 1), (0, 1, 20), (1, 1, 1), (1, 2, 5), (0, 2, 1)])
        let logs = Interactions(
            rows: 2, columns: 3, offsets: raw.offsets, indices: raw.indices, weights: raw.weights.map { 1 + log($0) })
        var model = ItemKNN()
        model.neighbours = 2
        model.dampensWeights = true
        model.normalisesUsers = false
        let result = try #require(model.train(raw))
        for item in 0..<3 {
            for n in result.range(of: item) where result.indices[n] >= 0 {
                #expect(abs(Double(result.weights[n]) - Self.cosine(logs, item, Int(result.indices[n]))) < 1e-5)
            }
        }
    }

    @Test func robotsAreLeftOut() throws {
        let pairs: [(row: Int32, column: Int32, weight: Float)] = [
            (0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 1, 1),
        ]
        var model = ItemKNN()
        model.neighbours = 2
        model.itemsPerUserMax = 2
        let result = try #require(model.train(Interactions(rows: 2, columns: 3, pairs: pairs)))
        #expect(result.indices == [1, -1, 0, -1, -1, -1])
    }
}
