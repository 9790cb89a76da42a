import Linear
import Testing

@testable import Models

/// What the networks say of items and of users who come anew, on the two tastes of the conformance suite.
@Suite struct NeuralModelTests {
    typealias Suite = RecommenderConformance

    /// Items of a history that are not learnt are no negatives either; and an epoch's draws end where they are to.
    @Test func negativesAreWhatNobodyTouched() throws {
        let learnt = Interactions([2, 5], columns: 12)
        let touched = Interactions([0, 5, 2, 7, 9, 11], columns: 12)
        var random = RandomStream(seed: 3)
        let pairs = try #require(SampledPairs(learnt, without: touched, negatives: 50, random: &random) { _ in 1 })
        #expect(pairs.count == 102)
        for (item, target) in zip(pairs.items, pairs.targets) {
            #expect(target == 1 ? learnt.contains(0, item) : !touched.contains(0, item))
        }
        #expect(SampledPairs(learnt, negatives: 1, random: &random, isCancelled: { true }) { _ in 1 } == nil)
    }

    @Test(arguments: ["gmf", "mlp", "neumf", "embedding"])
    func itemsOfOneTasteAreAlikeAndStrangersAreUnderstood(_ name: String) throws {
        func check<R: Recommender>(_: R.Type) throws {
            let histories = Suite.histories
            let model = try #require(R().fit(histories))
            let served = model.served(neighbours: 5, threads: 2, isCancelled: { false })
            let parts = try #require(served)
            let table = try #require(parts.neighbours)
            #expect(parts.factors == nil && table.items == model.itemCount)
            var (alike, all) = (0, 0)
            for item in 0..<model.itemCount {
                for place in table.range(of: item) where table.indices[place] >= 0 {
                    all += 1
                    let other = Int(table.indices[place])
                    alike += histories.categories[other] == histories.categories[item] ? 1 : 0
                }
            }
            #expect(alike * 4 > all * 3, "\(name): \(alike) of \(all) neighbours are of the same taste")
            var (own, listed) = (0, 0)
            for user in 0..<histories.userCount {
                for scored in try #require(model.recommend([Suite.history(user, known: false)], count: 5).first) {
                    listed += 1
                    own += Int(histories.categories[Int(scored.index)]) == user % 2 ? 1 : 0
                }
            }
            #expect(own * 4 > listed * 3, "\(name): \(own) of \(listed) items of strangers' lists are of their taste")
        }
        let type = try #require(RecommenderCatalogue.find(name))
        try check(type)
    }

    /// α of one network's output and 1 − α of the other's.
    @Test func joinedNetworksSayWhatBothSaid() {
        let product = CollaborativeNetwork(.init(factors: 5, layers: []), users: 3, items: 4, seed: 1)
        let tower = CollaborativeNetwork(.init(factors: 0, layers: [12, 6]), users: 3, items: 4, seed: 2)
        let joined = CollaborativeNetwork.joining(product, tower, share: 0.3)
        #expect(joined.shape == .init(factors: 5, layers: [12, 6]))
        let (users, items): ([Int32], [Int32]) = ([0, 1, 2, 2], [3, 1, 0, 2])
        func outputs(_ network: CollaborativeNetwork) -> [Float] {
            var pass = CollaborativePass(network, batch: 4)
            let result = users.withUnsafeBufferPointer { users in
                items.withUnsafeBufferPointer { pass.forward(network, users: users, items: $0) }
            }
            return users.indices.map { result[$0, 0] }
        }
        for ((a, b), both) in zip(zip(outputs(product), outputs(tower)), outputs(joined)) {
            #expect(abs(0.3 * a + 0.7 * b - both) < 1e-6)
        }
    }
}
