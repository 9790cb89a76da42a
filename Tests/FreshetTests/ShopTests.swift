import Events
import Testing

@testable import freshet

@Suite struct ShopTests {
    private static let catalogue = ShopCatalogue(seed: 7)

    private static func actions(seed: UInt64, count: Int) -> [ShopAction] {
        var settings = Shop.Settings(liveFrom: 1_700_000_000_000)
        settings.seed = seed
        settings.shoppers = 300
        settings.pastRate = 0.05
        let shop = Shop(settings, catalogue)
        return (0..<count).map { _ in shop.next() }
    }

    @Test func sameSeedSameShop() {
        #expect(Self.actions(seed: 3, count: 2_000) == Self.actions(seed: 3, count: 2_000))
        #expect(Self.actions(seed: 3, count: 500) != Self.actions(seed: 4, count: 500))
    }

    @Test func purchasesFollowCartsOfTheSameVisit() {
        var carts: Set<[Int]> = []
        var purchases = 0
        for action in Self.actions(seed: 5, count: 8_000) {
            if action.type == .cart { carts.insert([action.visit, action.product]) }
            if action.type == .purchase {
                purchases += 1
                #expect(carts.contains([action.visit, action.product]))
            }
        }
        #expect(purchases > 100)
    }

    @Test func shoppersComeBackAndTimeRunsForward() {
        let actions = Self.actions(seed: 6, count: 8_000)
        var visits: [Int: Set<Int>] = [:]
        for action in actions { visits[action.shopper, default: []].insert(action.visit) }
        #expect(visits.values.contains { $0.count > 1 })
        // What happens on leaving is told at once, some milliseconds ahead.
        for (before, after) in zip(actions, actions.dropFirst()) { #expect(after.time > before.time - 50) }
    }

    @Test func productsHaveDistinctNamesAndPricesInRange() {
        let catalogue = Self.catalogue
        #expect(catalogue.products.count == 2_000)
        #expect(Set(catalogue.products.map(\.id)).count == 2_000)
        for product in catalogue.products {
            let prices = ProductLine.all[product.line].prices
            #expect(product.price > prices.low - 1.5 && product.price < prices.high + 1)
        }
        for (product, next) in catalogue.next.enumerated() { #expect(!next.contains(product) && next.count >= 9) }
    }

    @Test func storyHasAboutAsManyEventsAsAskedForAndEveryOneDecodes() {
        let (story, goOn) = ShopStory(seed: 7, events: 3_000, liveSeconds: 10, end: 1_760_000_000_000).make()
        #expect(abs(story.events.count - 3_000) < 600)
        #expect(story.pastCount > 500 && story.pastCount < story.events.count)
        let decoder = EventDecoder()
        for event in story.events {
            var decoded = ShopEvent()
            let rejection = event.value.withUnsafeBytes { decoder.decode($0, into: &decoded) }
            #expect((rejection == nil) == !event.isBroken)
            #expect((event.due >= 0) == (event.time >= 1_760_000_000_000 - 200_000))
            guard rejection == nil else { continue }
            #expect(decoded.user.elementsEqual(event.key))
        }
        #expect(goOn().time >= 1_760_000_000_000)
    }
}
