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
            .option("users", "n", "shoppers", type: .int(1...10_000_000), default: "2000"),
            .option(
                "items", "n", "products, rounded up to as many in each of the 40 categories",
                type: .int(1...40_000), default: "2000"),
            .option("events", "n", "events", type: .int(1...100_000_000), default: "50000"),
            .option("seed", "n", "another shop", type: .int(0...Int.max), default: "7"),
            .option("output", "file", "where to", default: "-"),
            DataCommand.force,
        ]
    ) { arguments in
        guard let users = arguments.int("users"), let items = arguments.int("items"),
            let events = arguments.int("events"),
            let seed = arguments.int("seed")
        else { preconditionFailure("all of them have defaults") }
        let path = arguments.required("output")
        if !arguments.flag("force") { try OutputFile.refusePresent(path) }
        let output = try OutputFile(path)
        for value in Self.events(users: users, items: items, events: events, seed: UInt64(seed)) {
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

    /// Events as JSON, in the order of their times.
    static func events(users: Int, items: Int, events: Int, seed: UInt64) -> [[UInt8]] {
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
        // What happens on leaving is told at once, some milliseconds ahead.
        let actions = (0..<events).map { _ in shop.next() }.enumerated().sorted {
            $0.element.time != $1.element.time ? $0.element.time < $1.element.time : $0.offset < $1.offset
        }
        return actions.map { encoder.encode($0.element).value }
    }
}
