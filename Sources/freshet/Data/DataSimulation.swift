internal import Events
internal import Foundation
internal import ServiceKit

/// `freshet data simulate`: the demo's shop as a data set.
enum DataSimulation {
    static let command = Command(
        "simulate", "Make the events of a simulated shop, as JSON lines.",
        discussion: "Shoppers with tastes and price levels come, look around, fill carts, buy, and come back, over "
            + "about four weeks from 1 January 2026. The same options give the same bytes, on every machine. Not every "
            + "shopper needs come.",
        options: [
            .option("users", "N", "Shoppers.", type: .int(1...10_000_000), default: "2000"),
            .option(
                "items", "N", "Products, rounded up to as many in each of the 40 categories.",
                type: .int(1...40_000), default: "2000"),
            .option("events", "N", "Events.", type: .int(1...100_000_000), default: "50000"),
            .option("seed", "N", "Another shop.", type: .int(0...Int.max), default: "7"),
            .option("output", "FILE", "Where to.", default: "-"),
            DataCommand.force,
        ]
    ) { arguments in
        guard let users = arguments.int("users"), let items = arguments.int("items"),
            let events = arguments.int("events"),
            let seed = arguments.int("seed")
        else { preconditionFailure("all of them have defaults") }
        let path = arguments.required("output")
        try OutputFile.check(path, replaces: arguments.flag("force"))
        let output = try OutputFile(path)
        try forEachEvent(users: users, items: items, events: events, seed: UInt64(seed)) { value in
            try output.write {
                $0.append(contentsOf: value)
                $0.append(UInt8(ascii: "\n"))
            }
        }
        try output.finish()
        return 0
    }

    private static let start: Int64 = 1_767_225_600_000
    private static let days = 30.0

    /// One of those that are told ahead of their time.
    private struct Early: Comparable {
        let action: ShopAction
        let order: Int

        static func < (a: Early, b: Early) -> Bool { (a.action.time, a.order) < (b.action.time, b.order) }
    }

    /// Hands on events as JSON, in the order of their times.
    static func forEachEvent(
        users: Int, items: Int, events: Int, seed: UInt64, _ body: ([UInt8]) throws -> Void
    ) rethrows {
        let lines = ProductLine.all.count
        let catalogue = ShopCatalogue(seed: seed, productsOfLine: (items + lines - 1) / lines)
        // All of it is the past of a live part that never comes.
        var settings = Shop.Settings(liveFrom: start + 1_000_000_000_000)
        settings.history = settings.liveFrom - start
        settings.seed = seed
        settings.shoppers = users
        settings.pastRate = Double(events) / Shop.looksMean / (days * 86_400)
        let shop = Shop(settings, catalogue)
        let encoder = ActionEncoder(
            users: (0..<users).map { "u\($0)" }, catalogue: catalogue, liveFrom: settings.liveFrom, speed: 1)
        // What happens on leaving is told at once, ahead of what others do meanwhile: it waits for them.
        var waiting = MomentQueue<Early>()
        for order in 0..<events {
            let action = shop.next()
            waiting.insert(Early(action: action, order: order))
            while let first = waiting.first, first.action.time < shop.now {
                try body(encoder.encode(waiting.removeFirst().action).value)
            }
        }
        while !waiting.isEmpty { try body(encoder.encode(waiting.removeFirst().action).value) }
    }
}
