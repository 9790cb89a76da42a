import Events
import Linear
import Testing

@testable import Models

/// Lists against their definition, on small shops.
@Suite struct RankerDefinitionTests {
    /// Users who touch items, some of whose categories change, in an item table and in the naive ranker alike.
    private struct Shop {
        var random: RandomStream
        let table = ItemTable(settings: .init())
        var naive = NaiveRanker(settings: .init())
        var users = Array(repeating: NaiveRanker.User(), count: 16)

        init(seed: UInt64) {
            random = RandomStream(seed: seed)
            let (count, categories) = (40 + random.below(60), 2 + random.below(6))
            var (time, category) = (Int64(1_700_000_000_000), [String: String]())
            for _ in 0..<600 {
                time += Int64(random.below(3) * random.below(1_800_000))
                // The last user knows nothing.
                let user = random.below(users.count - 1)
                let item = "i\(random.below(1 + random.below(count)))"
                if category[item] == nil || random.below(40) == 0 {
                    category[item] = random.below(8) == 0 ? "" : "c\(random.below(categories))"
                }
                touch(item, of: user, category[item].flatMap { $0.isEmpty ? nil : $0 }, time)
            }
            for item in 0..<count where random.below(12) == 0 {
                naive.withdrawn.insert("i\(item)")
                table.withdraw(item: table.identifiers.intern("i\(item)"))
            }
        }

        private mutating func touch(_ item: String, of user: Int, _ category: String?, _ time: Int64) {
            let isNewPair = !users[user].recents.contains(item)
            let preceding = users[user].recents.filter { $0 != item }
            naive.learn(item, category: category, isNewPair: isNewPair, time: time, preceding: preceding)
            let number = table.identifiers.intern(item)
            preceding.map { table.identifiers.intern($0) }.withUnsafeBufferPointer {
                table.learn(item: number, type: .view, isNewPair: isNewPair, time: time, preceding: $0)
            }
            if let category {
                table.describe(
                    item: number, category: table.words.intern(category), categoryCode: IdentifierTable.none,
                    brand: IdentifierTable.none, price: .nan, time: time)
            }
            users[user].recents = [item] + preceding
            // Few values, so that they tie.
            users[user].ratings = users[user].recents.map { _ in [1, 1, 2.5, 4][random.below(4)] }
            users[user].states = users[user].recents.map { _ in [.viewed, .inCart, .purchased][random.below(3)] }
        }

        /// Of most of the items, and of some that nobody has touched.
        mutating func generation() -> Generation {
            let items = (0..<100).filter { $0 < 3 || random.below(4) > 0 }.map { "i\($0)" }
            var factors = Matrix(rows: items.count, columns: 6)
            for row in items.indices { for column in 0..<6 { factors[row, column] = Float(random.normal()) } }
            var (neighbours, weights) = ([Int32](), [Float]())
            for row in items.indices {
                let others = items.indices.filter { $0 != row && random.below(8) == 0 }.prefix(5)
                neighbours += others.map { Int32($0) } + Array(repeating: -1, count: 5 - others.count)
                weights += (0..<5).map { $0 < others.count ? Float(0.1 + random.uniform()) : 0 }
            }
            var manifest = GenerationManifest()
            (manifest.alpha, manifest.regularization) = (0.5 + random.uniform(), 0.05)
            return Generation(
                number: 1, manifest: manifest, items: items, factors: factors, neighbours: neighbours,
                neighbourWeights: weights, neighboursPerItem: 5)
        }

        /// The defaults, or weights as a fit may leave them: some of them 0 or below for some users.
        mutating func blend(isFitted: Bool) -> BlendSettings {
            var blend = BlendSettings()
            blend.popularity.column = 1 + random.below(3)
            blend.category.column = 1 + random.below(3)
            guard isFitted else { return blend }
            func weight() -> Double { random.below(6) == 0 ? 0 : random.uniform() }
            func slope() -> Double { random.uniform() - 0.5 }
            (blend.sequential.weight, blend.sequential.slope, blend.sequential.rootWeight) = (
                weight(), slope(), weight()
            )
            (blend.neighbours.weight, blend.neighbours.slope, blend.neighbours.rootWeight) = (
                weight(), slope(), weight()
            )
            (blend.factors.weight, blend.factors.slope, blend.factors.rootWeight) = (weight(), slope(), weight())
            (blend.category.weight, blend.category.slope, blend.category.rootWeight) = (weight(), slope(), weight())
            (blend.popularity.weight, blend.popularity.slope) = (slope(), slope())
            (blend.popularity.rootWeight, blend.popularity.rootSlope) = (slope(), slope())
            (blend.sequential.depth, blend.neighbours.depth, blend.category.depth) = (4, 3, 5)
            return blend
        }

        mutating func rules() -> RankingRules {
            var rules = RankingRules()
            rules.listItems = 3 + random.below(12)
            rules.continueItems = random.below(8)
            rules.excludesSeen = random.below(4) > 0
            rules.perCategoryMax = random.below(3)
            rules.exploration = [0, 0, 0.4][random.below(3)]
            return rules
        }
    }

    @Test func listsAreWhatTheyAreDefinedToBe() {
        var (compared, reasons) = (0, Set<Reason>())
        for seed in 0..<24 as Range<UInt64> {
            var shop = Shop(seed: seed)
            let generation = seed % 2 == 0 ? shop.generation() : nil
            let (blend, rules) = (shop.blend(isFitted: seed % 4 > 1), shop.rules())
            let ranker = Ranker(table: shop.table, rules: rules)
            ranker.begin(
                generation: generation.map { ServingGeneration($0, identifiers: shop.table.identifiers) },
                overriding: blend)
            for user in shop.users {
                let (list, own) = ranked(user, by: ranker, shop.table)
                let expectedOwn = shop.naive.ownItems(user, rules)
                #expect(own.map(\.item) == expectedOwn.map(\.item), "seed \(seed)")
                #expect(own.map(\.reason) == expectedOwn.map(\.reason))
                #expect(own.map { Double($0.score) } == expectedOwn.map(\.rating))
                let expected = shop.naive.list(user, blend: blend, generation: generation, rules: rules)
                guard expected.isClear else { continue }
                compared += 1
                check(list, expected, shop.naive, user, rules)
                reasons.formUnion(list.map(\.reason))
            }
        }
        #expect(compared > 200, "\(compared)")
        #expect(reasons == [.viewedNext, .similar, .forYou, .category, .popular, .exploration])
    }

    private typealias Row = (item: String, score: Float, reason: Reason)

    private func check(
        _ list: [Row], _ expected: NaiveRanker.List, _ naive: NaiveRanker, _ user: NaiveRanker.User,
        _ rules: RankingRules
    ) {
        let drawn = Int(Double(expected.items.count) * rules.exploration)
        let head = expected.items.count - drawn
        #expect(list.prefix(head).map(\.item) == Array(expected.items.prefix(head)))
        #expect(list.count == expected.items.count && Set(list.map(\.item)).count == list.count)
        for row in list {
            #expect(abs(Double(row.score) - (expected.scores[row.item] ?? .nan)) < 1e-4)
            guard row.reason != .exploration else { continue }
            // The learner that gave most; popularity where none gave anything.
            let parts = expected.parts[row.item] ?? [:]
            let given = max(0, parts[row.reason] ?? .nan)
            #expect(given > (parts.values.max() ?? 0) - 1e-4, "\(row), \(parts)")
        }
        // By chance, but never one of the user's own, nor what stands in the list already; where those run out, what stood
        // there stays.
        let pool = Set(expected.candidates).subtracting(expected.items.prefix(head)).subtracting(user.recents)
        let chosen = list.suffix(drawn).filter { $0.reason == .exploration }.map(\.item)
        #expect(chosen.count == min(drawn, pool.count) && pool.isSuperset(of: chosen))
        guard rules.perCategoryMax > 0, !chosen.isEmpty else { return }
        // A category that is full gets no more while others are left.
        for place in head..<(head + chosen.count) {
            func isFull(_ item: String) -> Bool {
                guard let own = naive.categories[item] else { return false }
                return list.prefix(place).count { naive.categories[$0.item] == own } >= rules.perCategoryMax
            }
            let left = pool.subtracting(list.prefix(place).map(\.item))
            #expect(!isFull(list[place].item) || left.allSatisfy(isFull))
        }
    }

    private func ranked(
        _ user: NaiveRanker.User, by ranker: Ranker, _ table: ItemTable
    ) -> (list: [Row], own: [Row]) {
        func rows(_ items: borrowing [RankedItem]) -> [Row] {
            items.indices.map { place in
                let name = String(decoding: table.identifiers.bytes(items[place].item), as: UTF8.self)
                return (name, items[place].score, items[place].reason)
            }
        }
        var result: (list: [Row], own: [Row]) = ([], [])
        user.recents.map { table.identifiers.intern($0) }.withUnsafeBufferPointer { recents in
            user.ratings.map { Float($0) }.withUnsafeBufferPointer { ratings in
                user.states.withUnsafeBufferPointer { states in
                    ranker.rank([UserQuery(recents: recents, ratings: ratings, states: states, seed: 7)]) {
                        result = (rows($1), rows($2))
                    }
                }
            }
        }
        return result
    }
}
