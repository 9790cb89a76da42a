import Events
import ServiceKit

/// Makes the demo's story of a simulated shop.
struct ShopStory {
    var seed: UInt64
    /// About how many events there are to be.
    var events: Int
    /// How long the live part takes, in seconds, and how much quicker its event time goes.
    var liveSeconds = 40.0
    var speed = 20.0
    /// When the live part ends in event time, ms since 1970.
    var end: Int64

    /// One of so many records is broken, as trackers in the field break them.
    private static let brokenEvery = 1_500

    private static let names = [
        "ida", "noah", "mila", "leo", "emma", "ben", "lina", "paul", "nora", "finn", "clara", "luis", "sofia", "jonas",
        "marie", "oskar", "greta", "theo", "alma", "anton", "frida", "emil", "zoe", "karl", "ella", "hugo", "maja",
        "max",
        "rosa", "tom", "eva", "nils", "lea", "jan", "ada", "timo", "ines", "olaf", "vera", "kim",
    ]

    /// - Returns: the story, and what goes on happening after it.
    func make() -> (story: DemoStory, goOn: () -> DemoEvent) {
        var settings = Shop.Settings(liveFrom: end - Int64(liveSeconds * speed * 1000))
        settings.seed = seed
        let catalogue = ShopCatalogue(seed: seed)
        // A filling that is long beside a short live part would make most of the events.
        settings.filling = min(settings.filling, Int64(liveSeconds * speed * 600))
        let live = Double(events) * (1 - DemoStory.pastShare)
        let past = Double(events) * DemoStory.pastShare
        settings.liveRate = live / (liveSeconds * speed) / Shop.looksMean
        settings.pastRate = past / Double(settings.history / 1000) / Shop.looksMean
        // Several times as many as are inside at once: a visit takes some three minutes.
        settings.shoppers = max(events / 12, Int(settings.liveRate * 200 * 4))
        // How many events a visit has follows from what shoppers do; trying it tells.
        for _ in 0..<3 {
            let found = count(settings, catalogue)
            settings.liveRate *= live / Double(max(1, found.live))
            settings.pastRate *= max(0.1, min(4, past / Double(max(1, found.past))))
        }
        return story(Shop(settings, catalogue))
    }

    private func count(_ settings: Shop.Settings, _ catalogue: ShopCatalogue) -> (past: Int, live: Int) {
        let shop = Shop(settings, catalogue)
        var counts = (past: 0, live: 0)
        while true {
            let action = shop.next()
            guard action.time < end else { return counts }
            if action.time < settings.liveFrom { counts.past += 1 } else { counts.live += 1 }
        }
    }

    private func story(_ shop: Shop) -> (DemoStory, () -> DemoEvent) {
        let users = shop.shoppers.indices.map { "\(Self.names[$0 % Self.names.count])-\(1000 + $0)" }
        let encoder = ActionEncoder(
            users: users, catalogue: shop.catalogue, liveFrom: shop.settings.liveFrom, speed: speed)
        var all: [DemoEvent] = []
        var pastCount = 0
        var broken = ShopRandom(seed: seed &+ 99)
        while true {
            let action = shop.next()
            guard action.time < end else { break }
            all.append(encoder.encode(action))
            if broken.below(Self.brokenEvery) == 0 { all.append(encoder.breaking(all[all.count - 1], &broken)) }
            if action.time < shop.settings.liveFrom { pastCount = all.count }
        }
        let labels = shop.catalogue.products.map {
            DemoLabel(id: $0.id, name: $0.name, category: ProductLine.all[$0.line].title, price: $0.price)
        }
        let story = DemoStory(
            title: "a simulated shop: \(HumanFormat.grouped(labels.count)) products, "
                + "\(HumanFormat.grouped(users.count)) shoppers, seed \(seed)",
            users: users, items: labels, events: all, pastCount: pastCount)
        return (story, { encoder.encode(shop.next()) })
    }
}

/// Writes what shoppers do as events.
struct ActionEncoder {
    let users: [String]
    let catalogue: ShopCatalogue
    let liveFrom: Int64
    let speed: Double

    func encode(_ action: ShopAction) -> DemoEvent {
        let product = catalogue.products[action.product]
        let line = ProductLine.all[product.line]
        let key = Array(users[action.shopper].utf8)
        let texts = [
            key, Array(product.id.utf8), Array(line.code.utf8), Array(product.brand.utf8),
            Array("v\(action.visit)".utf8),
        ]
        var value: [UInt8] = []
        withSlices(texts) { slices in
            var event = ShopEvent()
            event.type = action.type
            event.time = action.time
            event.user = slices[0]
            event.item = slices[1]
            event.categoryID = slices[2]
            event.categoryCode = slices[2]
            event.brand = slices[3]
            event.session = slices[4]
            event.price = product.price
            EventEncoder.append(event, to: &value)
        }
        return DemoEvent(
            user: action.shopper, item: action.product, type: action.type, time: action.time,
            due: action.time < liveFrom ? -1 : Double(action.time - liveFrom) / 1000 / speed,
            looksLeft: action.looksLeft,
            key: key, value: value)
    }

    /// A broken record beside a good one.
    func breaking(_ event: DemoEvent, _ random: inout ShopRandom) -> DemoEvent {
        var event = event
        event.item = -1
        switch random.below(3) {
        case 0: event.value.removeLast(1 + random.below(event.value.count / 2))
        case 1:
            event.value =
                Array(#"{"event_type":"vieww","product_id":"P0001","event_time":\#(event.time)"#.utf8)
                + Array(#","user_id":"\#(users[event.user])"}"#.utf8)
        default: event.value = []
        }
        return event
    }

    private func withSlices(_ texts: [[UInt8]], _ body: ([UnsafeRawBufferPointer]) -> Void) {
        let all = texts.flatMap { $0 }
        all.withUnsafeBytes { bytes in
            var slices: [UnsafeRawBufferPointer] = []
            var start = 0
            for text in texts {
                slices.append(UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count]))
                start += text.count
            }
            body(slices)
        }
    }
}
