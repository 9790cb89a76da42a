import Events
import Linear
import Testing

@testable import Models

@Suite struct ItemLikenessTests {
    private struct Item {
        var category: IdentifierTable.Number
        var brand: IdentifierTable.Number
        var price: Double
    }

    /// A shop of `count` items in six categories, some of them without category, brand or price, some at one price; every
    /// user touches four at random.
    private static func shop(_ count: Int, seed: UInt64) -> (items: [Item], histories: TrainingHistories) {
        var random = RandomStream(seed: seed)
        let items = (0..<count).map { _ in
            Item(
                category: random.below(12) == 0 ? IdentifierTable.none : IdentifierTable.Number(random.below(6)),
                brand: random.below(4) == 0 ? IdentifierTable.none : IdentifierTable.Number(random.below(3)),
                price: random.below(9) == 0 ? .nan : Double(random.below(40)))
        }
        let identifiers = IdentifierTable()
        // In the order of their rows.
        let numbers = (0..<count).map { identifiers.intern("item-\(1000 + $0)") }
        var builder = TrainingHistories.Builder()
        for user in 0..<(2 * count) {
            var touched: Set<Int> = [user % count]
            while touched.count < 4 { touched.insert(random.below(count)) }
            for (step, item) in touched.sorted().enumerated() {
                builder.append(numbers[item], rating: 1, time: Int64(user * 10 + step))
            }
            builder.endUser()
        }
        let histories = builder.build(
            identifiers, category: { items[Int($0)].category }, brand: { items[Int($0)].brand },
            price: { items[Int($0)].price })
        return (items, histories)
    }

    /// The definition, pair by pair.
    private static func naive(_ a: Item, _ b: Item) -> Float {
        let isKnown = a.category != IdentifierTable.none && a.category == b.category && a.price > 0 && b.price > 0
        guard isKnown else { return 0 }
        let distance = (Deterministic.log2(a.price) - Deterministic.log2(b.price)).magnitude
        let value = Deterministic.exp2(-distance / ItemLikeness.spread)
        return Float(a.brand != IdentifierTable.none && a.brand == b.brand ? value : value / 2)
    }

    /// Rows hold the best of all pairs, whatever the ways in which they are found.
    @Test(arguments: [0.3, 0.8, 1]) func mixedRowsAreTheBestOfAllPairs(share: Double) throws {
        for seed in UInt64(1)...6 {
            let (items, histories) = Self.shop(90, seed: seed)
            let likeness = try #require(ItemLikeness(histories))
            var settings = WindowNeighbours.Settings()
            settings.perItem = 12
            let plain = try #require(WindowNeighbours(histories, settings: settings, threads: 1))
            let mixed = plain.mixed(with: likeness, share: share)
            let best = (0..<90).compactMap { plain.neighbours[$0 * 12] >= 0 ? Double(plain.weights[$0 * 12]) : nil }
            let unit = Float((1 - share) / (best.reduce(0, +) / Double(best.count)))
            for row in 0..<90 {
                var scores = (0..<90).map { $0 == row ? 0 : Float(share) * Self.naive(items[row], items[$0]) }
                for place in row * 12..<(row + 1) * 12 where plain.neighbours[place] >= 0 {
                    scores[Int(plain.neighbours[place])] += unit * plain.weights[place]
                }
                let expected = scores.sorted(by: >).prefix(12).filter { $0 > 0 }
                let found = (row * 12..<(row + 1) * 12).filter { mixed.weights[$0] > 0 }
                #expect(found.count == expected.count)
                for (place, weight) in zip(found, expected) {
                    #expect(abs(mixed.weights[place] - weight) < 1e-6)
                    #expect(abs(scores[Int(mixed.neighbours[place])] - weight) < 1e-6)
                }
                #expect(Set(found.map { mixed.neighbours[$0] }).count == found.count)
            }
        }
    }

    @Test func whereNothingIsKnownNothingIsAlike() {
        #expect(ItemLikeness(GenerationTrainerTests.histories(users: 40, length: 8)) == nil)
    }

    /// Shoppers who look for a price in a category, and shoppers who go by taste alone: the first ones' generations take
    /// likeness in, the other ones' do not, and a generation from the first says so to the next.
    @Test(arguments: [true, false]) func likenessIsTakenWhereItHelps(goesByPrice: Bool) throws {
        let count = 240
        let identifiers = IdentifierTable()
        let numbers = (0..<count).map { identifiers.intern("item-\(1000 + $0)") }
        // The order in which taste goes through the items has nothing to do with category and price.
        var order = Array(0..<count)
        var random = RandomStream(seed: 3)
        order.shuffle(using: &random)
        var builder = TrainingHistories.Builder()
        for user in 0..<300 {
            let start = random.below(count)
            for step in 0..<6 {
                let item =
                    goesByPrice ? start / 60 * 60 + (start + random.below(8)) % 60 : order[(start + step) % count]
                builder.append(numbers[item], rating: 1, time: Int64(user * 20_000 + step * 1000))
            }
            builder.endUser()
        }
        let histories = builder.build(
            identifiers, category: { $0 / 60 }, price: { 10 * Deterministic.exp2(Double($0 % 60) / 8) })
        let trainer = GenerationTrainer(settings: GenerationTrainerTests.settings(threads: 2))
        let first = try #require(trainer.train(histories))
        #expect(first.manifest.likeness == (goesByPrice ? GenerationTrainer.likenessShare : 0))
        #expect(try #require(trainer.train(histories, earlier: first)).manifest.likeness == first.manifest.likeness)
    }
}
