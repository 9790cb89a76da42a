import Events
import FeatureStore
import Foundation
import Models
import Testing

@testable import Pipeline

/// Rows of the feature store and related items over the real folds.
struct FeatureRowTests {
    private static let hour: Int64 = 3_600_000
    private static let start: Int64 = 1_569_888_000_000

    private func event(
        _ type: EventType, _ item: String, at time: Int64, user: String = "u", category: String = "",
        brand: String = "",
        price: Double = .nan, session: String = ""
    ) -> SampleEvent {
        SampleEvent(
            type: type, time: Self.start + time, user: user, item: item, session: session, category: category,
            brand: brand, price: price)
    }

    private func userRow(_ shop: SmallShop, _ id: String = "u", vectors: UserVectors? = nil) throws -> [String: Any] {
        let writer = ByteWriter()
        let user = try #require(Array(id.utf8).withUnsafeBytes { shop.store.find($0) })
        UserFeatureBuilder().write(
            user: shop.store.identifiers.bytes(user), state: shop.store[user], table: shop.items.table,
            vectors: vectors,
            to: writer)
        return try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
    }

    @Test func windowsEndWithTheLatestEvent() throws {
        let shop = SmallShop()
        try shop.apply([
            event(.view, "a", at: 0), event(.view, "b", at: 6 * 24 * Self.hour),
            event(.cart, "b", at: 7 * 24 * Self.hour - Self.hour / 2), event(.view, "c", at: 7 * 24 * Self.hour),
            event(.purchase, "b", at: 7 * 24 * Self.hour + 1000),
        ])
        let row = try userRow(shop)
        let events = try #require(row["events"] as? [String: [String: Int]])
        #expect(events["last_hour"] == ["view": 1, "remove_from_cart": 0, "cart": 1, "purchase": 1])
        #expect(events["last_day"] == ["view": 1, "remove_from_cart": 0, "cart": 1, "purchase": 1])
        #expect(events["last_week"] == ["view": 2, "remove_from_cart": 0, "cart": 1, "purchase": 1])
        #expect(events["total"] == ["view": 3, "remove_from_cart": 0, "cart": 1, "purchase": 1])
        #expect(row["event_time"] as? String == "2019-10-08T00:00:01.000Z")
        let since = try #require(row["seconds_since"] as? [String: Any])
        #expect(since["first_event"] as? Int == 7 * 24 * 3600 + 1)
        #expect(since["view"] as? Int == 1)
        #expect(since["cart"] as? Int == 1801)
        #expect(since["purchase"] as? Int == 0)
        #expect(since["remove_from_cart"] is NSNull)
        #expect(row["distinct_items"] as? Int == 3)
        #expect(row["vectors"] == nil)
    }

    @Test func affinitySharesFollowStrengthAndAge() throws {
        let shop = SmallShop()
        let week = 7 * 24 * Self.hour
        try shop.apply([
            event(.purchase, "a", at: 0, category: "old", brand: "x", price: 10),
            event(.view, "b", at: week, category: "new", brand: "x", price: 20),
            event(.view, "c", at: week, category: "new", price: 30),
            event(.view, "d", at: week, category: "another"), event(.view, "e", at: week),
        ])
        let row = try userRow(shop)
        // The purchase is a half-life old: 4 · ½ against views of weight 1; a tie goes by the name.
        let categories = try #require(row["categories"] as? [[String: Any]])
        #expect(categories.map { $0["category_id"] as? String } == ["new", "old", "another"])
        #expect(categories.map { $0["share"] as? Double } == [0.4, 0.4, 0.2])
        let brands = try #require(row["brands"] as? [[String: Any]])
        #expect(brands.map { $0["brand"] as? String } == ["x"])
        let price = try #require(row["price"] as? [String: Double])
        #expect(price["mean"] == 20)
        // Weights 2, 1, 1 at the levels 1/6, 1/2, 5/6 of three prices.
        #expect(abs((price["level"] ?? 0) - (2.0 / 6 + 1.0 / 2 + 5.0 / 6) / 4) < 1e-5)
    }

    @Test func onlyTheFiveStrongestCategoriesStand() throws {
        let shop = SmallShop()
        let samples = (0..<9).flatMap { category in
            (0...category).map { event(.view, "i\(category)-\($0)", at: 0, category: "c\(category)") }
        }
        try shop.apply(samples)
        let categories = try #require(try userRow(shop)["categories"] as? [[String: Any]])
        #expect(categories.map { $0["category_id"] as? String } == ["c8", "c7", "c6", "c5", "c4"])
        // Of the newest 32 items, 9 are of the last category.
        #expect(categories.first?["share"] as? Double == 0.28125)
    }

    @Test func sessionsAndVectors() throws {
        let shop = SmallShop()
        try shop.apply([
            event(.view, "a", at: 0, session: "one"), event(.view, "b", at: Self.hour, session: "two"),
            event(.view, "c", at: Self.hour + 90_500, session: "two"),
        ])
        let row = try userRow(shop, vectors: UserVectors(generation: 7, long: [0.5, -1], short: [0, 2]))
        #expect(row["session"] as? [String: Int] == ["count": 2, "events": 2, "seconds": 90])
        let vectors = try #require(row["vectors"] as? [String: Any])
        #expect(vectors["generation"] as? Int == 7)
        #expect(vectors["long"] as? [Double] == [0.5, -1])
        #expect(vectors["short"] as? [Double] == [0, 2])
    }

    @Test func itemRowsCountAndConvert() throws {
        let shop = SmallShop()
        var samples = (0..<8).map {
            event(.view, "a", at: Int64($0) * Self.hour, user: "u\($0)", category: "c", price: 5)
        }
        samples += [
            event(.cart, "a", at: 9 * Self.hour, user: "u0"), event(.cart, "a", at: 10 * Self.hour, user: "u1"),
            event(.purchase, "a", at: 48 * Self.hour, user: "u1", brand: "b"),
        ]
        try shop.apply(samples)
        let item = try #require(shop.items.table.identifiers.find("a"))
        let writer = ByteWriter()
        ItemFeatureBuilder().write(item: item, fold: shop.items, to: writer)
        let row = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        #expect(row["product_id"] as? String == "a")
        #expect(row["events"] as? [String: Int] == ["view": 8, "remove_from_cart": 0, "cart": 2, "purchase": 1])
        #expect(
            row["events_per_day"] as? [String: Double] == [
                "view": 4, "remove_from_cart": 0, "cart": 1, "purchase": 0.5,
            ])
        #expect(
            row["conversion"] as? [String: Double]
                == ["view_to_cart": 0.25, "cart_to_purchase": 0.5, "view_to_purchase": 0.125])
        #expect(row["category_id"] as? String == "c")
        #expect(row["brand"] as? String == "b")
        #expect(row["price"] as? Double == 5)
        #expect(row["first_seen"] as? String == "2019-10-01T00:00:00.000Z")
        #expect(row["last_seen"] as? String == "2019-10-03T00:00:00.000Z")
        let bank = try #require(row["popularity"] as? [[String: Double]])
        #expect(bank.map { $0["half_life_seconds"] } == [900, 21_600, 604_800, 15_552_000])
        // Eleven events of eight shoppers; almost nothing of two days has faded by a half-life of half a year.
        #expect(abs((bank[3]["events"] ?? 0) - 11) < 0.2)
        #expect(abs((bank[3]["shoppers"] ?? 0) - 8) < 0.2)
    }

    @Test func trendIsOneForSteadyDemandAndMoreForGrowth() {
        let steady = [3600, 7200, 14_400].map { PopularityReading(halfLife: $0, events: Double($0), shoppers: 0) }
        steady.withUnsafeBufferPointer { #expect(PopularityReading.trend($0) == 1) }
        var growing = steady
        growing[1].events *= 2
        growing.withUnsafeBufferPointer { #expect(PopularityReading.trend($0) == 2) }
        growing.prefix(1).withContiguousStorageIfAvailable { #expect(PopularityReading.trend($0).isNaN) }
    }

    @Test func relatedItemsAgreeWithAFullSort() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 5)
        try shop.apply(stream.take(6000))
        let table = shop.items.table
        let blend = BlendSettings().sequential
        table.withdraw(item: try #require(table.identifiers.find("item-1")))
        let writer = ByteWriter()
        let related = RelatedItems()
        for item in 0..<UInt32(table.upperBound) {
            writer.removeAll()
            related.write(item: item, fold: shop.items, blend: blend, to: writer)
            let row = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
            let found = try #require(row["items"] as? [[String: Any]])
            var expected: [(id: String, score: Double)] = []
            for neighbour in table.covisitation.snapshot(item).neighbours where table.isRecommendable(neighbour.item) {
                let score =
                    Double(neighbour.count) / 4096 * pow(table.covisitation.total(item), -blend.sourceExponent)
                    * pow(table.covisitation.total(neighbour.item), -blend.targetExponent)
                if score > 0 { expected.append((table.identifiers.text(neighbour.item), score)) }
            }
            expected.sort { ($1.score, $0.id) < ($0.score, $1.id) }
            #expect(found.count == min(20, expected.count))
            #expect(!found.contains { $0["product_id"] as? String == "item-1" })
            for (place, entry) in found.enumerated() {
                let score = try #require(entry["score"] as? Double)
                #expect(abs(score - expected[place].score) < 1e-5 * max(1, score))
            }
        }
    }
}
