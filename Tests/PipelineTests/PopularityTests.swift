import Events
import Foundation
import Models
import Testing

struct PopularityTests {
    /// The bank against sums over all events, over spans of many landmarks of the short half-life.
    @Test func agreesWithDirectSums() {
        let halfLives: [Int64] = [60_000, 3_600_000, 0]
        let bank = DecayedPopularity(halfLives: halfLives)
        var random = Seeded(1)
        var events: [(item: UInt32, time: Int64)] = []
        var time: Int64 = 1_569_888_000_000
        for _ in 0..<3000 {
            time += Int64(random.below(40_000))
            let item = UInt32(random.skewed(20))
            let late = random.once(in: 5) ? Int64(random.below(2_000_000)) : 0
            events.append((item, time - late))
            bank.learn(item: item, time: time - late)
        }
        let now = events.map(\.time).max() ?? 0
        #expect(bank.landmarkSteps[0] > 0 && bank.landmarkSteps[2] == 0)
        for item in 0..<UInt32(20) {
            for (column, halfLife) in halfLives.enumerated() {
                let expected = events.reduce(0.0) { sum, event in
                    guard event.item == item else { return sum }
                    return sum + (halfLife == 0 ? 1 : pow(2, -Double(now - event.time) / Double(halfLife)))
                }
                let found = bank.decayedCount(item, column: column, at: now)
                #expect(abs(found - expected) <= 1e-9 * max(1e-3, expected))
            }
        }
    }

    /// One new event outweighs all before the pause, whose order stays.
    @Test func aLongPauseLeavesTheOrderAndForgettingNothing() {
        let bank = DecayedPopularity(halfLives: [1000])
        bank.learn(item: 5, time: 0)
        #expect(bank.decayedCount(5, column: 0, at: 1000) == 0.5)
        for _ in 0..<1000 { bank.learn(item: 7, time: 0) }
        bank.learn(item: 6, time: 1 << 45)
        #expect(bank.value(5, column: 0) == 0x1p-64 && bank.value(7, column: 0) == 1000 * 0x1p-64)
        #expect(bank.value(6, column: 0) > 1_000_000 * bank.value(7, column: 0))
        bank.learn(item: 5, time: 0)
        #expect(bank.value(5, column: 0) == 0x1p-64)
        #expect(bank.decayedCount(6, column: 0, at: 1 << 45) == 1)
        bank.forget(6)
        #expect(bank.value(6, column: 0) == 0 && bank.value(99_999, column: 0) == 0)
    }

    @Test func pricesKeepTheirPlaces() {
        let table = ItemTable(settings: .init())
        var random = Seeded(2)
        var prices: [UInt32: Double] = [:]
        for _ in 0..<2000 {
            let item = table.identifiers.intern("item-\(random.below(300))")
            let price = Double(1 << random.below(20)) * 1.01
            prices[item] = price
            table.describe(
                item: item, category: IdentifierTable.none, categoryCode: IdentifierTable.none,
                brand: IdentifierTable.none, price: price, time: 0)
        }
        #expect(table.prices.count == prices.count)
        for power in 0..<20 {
            let price = Double(1 << power) * 1.01
            let cheaper = Double(prices.values.count { $0 < price })
            let same = Double(prices.values.count { $0 == price })
            let expected = (cheaper + same / 2) / Double(prices.count)
            #expect(abs(Double(table.prices.level(of: price)) - expected) < 1e-6)
        }
        #expect(table.prices.level(of: 1e-9) == 0 && table.prices.level(of: 1e300) == 1)
        #expect(table.prices.level(of: .nan).isNaN)
        #expect(ItemTable(settings: .init()).prices.level(of: 1).isNaN)
    }
}
