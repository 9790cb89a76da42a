import Foundation

/// The same events worked at by one, two and four instances on 8 partitions.
enum ScaleRow: BenchmarkRow {
    static let name = "scale"

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let shop = try run.warmShop() else { return [.withoutBroker("1, 2 and 4 instances on 8 partitions")] }
        let events = BenchmarkRun.size("FRESHET_BENCH_SCALE_EVENTS", default: 100_000)
        return try [1, 2, 4].map { instances in
            let crew = try (0..<instances).map { _ in try shop.serve(.atLeastOnce) }
            defer { for service in crew { try? service.stop() } }
            try awaitSpread(shop, crew)
            let before = crew.map(\.cpuSeconds).reduce(0, +)
            let began = BenchmarkClock.now
            try shop.produce(events, .inTurn, stepMilliseconds: 50)
            while try shop.lag() > 0 { usleep(20_000) }
            let seconds = BenchmarkClock.now - began
            let cpu = crew.map(\.cpuSeconds).reduce(0, +) - before
            return Figure(
                what: "at_least_once, \(instances) \(instances == 1 ? "instance" : "instances"), 8 partitions",
                measured: "\(grouped(Double(events) / seconds)) events/s, \(grouped(Double(events) / cpu))/CPU-s")
        }
    }

    /// Waits until each instance has its share of the partitions and has restored it.
    private static func awaitSpread(_ shop: BenchmarkShop, _ crew: [BenchmarkProcess]) throws {
        let deadline = BenchmarkClock.now + 120
        var members: [Int] = []
        repeat {
            guard BenchmarkClock.now < deadline else {
                throw BenchmarkFailure("partitions were not spread in time: members have \(members)")
            }
            usleep(200_000)
            members = try shop.assignment().values.map(\.count)
        } while members.count != crew.count || members.reduce(0, +) != Int(shop.partitions) || members.contains(0)
        for service in crew { try shop.awaitCaughtUp(service) }
        sleep(2)
    }
}
