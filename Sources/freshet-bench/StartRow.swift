import Foundation

/// From starting the process to its first list, 20,000 users, static membership, a light load going on.
enum StartRow: BenchmarkRow {
    static let name = "start"
    private static let rounds = 5
    private static let seconds = 120.0

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let shop = try run.warmShop() else { return [.withoutBroker("process start to first list")] }
        return try BenchmarkShop.Guarantee.allCases.flatMap { try figures(shop, $0) }
    }

    private static func figures(_ shop: BenchmarkShop, _ guarantee: BenchmarkShop.Guarantee) throws -> [Figure] {
        let load = try EventLoad(shop, rate: 50, count: 50 * Int(seconds))
        defer {
            load.stop()
            _ = try? load.end()
        }
        // The first start of a member is no return: the group has to take it in.
        try start(shop, guarantee).service.stop()
        var clean: [Double] = []
        var killed: [Double] = []
        for _ in 0..<rounds {
            let back = try start(shop, guarantee)
            clean.append(back.seconds)
            back.service.kill()
            let again = try start(shop, guarantee)
            killed.append(again.seconds)
            try again.service.stop()
        }
        return [("a clean stop", clean, 1.0), ("kill -9", killed, 3.0)].map { what, took, asked in
            Figure(
                what: "\(guarantee.rawValue), \(shop.users) users, after \(what)",
                measured: "\(hundredths(took.median)) s", target: "≤ \(Int(asked)) s", isReached: took.median <= asked,
                note: "\(guarantee.rawValue) after \(what): \(took.map(hundredths).joined(separator: ", ")) s")
        }
    }

    private static func start(
        _ shop: BenchmarkShop, _ guarantee: BenchmarkShop.Guarantee
    ) throws -> (seconds: Double, service: BenchmarkProcess) {
        let reader = try ListReader(shop, .uncommitted)
        let began = BenchmarkClock.now
        let service = try shop.serve(guarantee, ["FRESHET_INSTANCE_ID": "bench"])
        while !reader.hasList {
            guard service.isRunning, BenchmarkClock.now - began < 60 else {
                throw BenchmarkFailure("no list came: \(service.output.suffix(500))")
            }
            usleep(2_000)
        }
        let took = BenchmarkClock.now - began
        _ = reader.end(quietSeconds: 0)
        // Long enough to write a checkpoint or two.
        sleep(1)
        return (took, service)
    }
}
