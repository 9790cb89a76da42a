import Foundation

/// A second instance joins and leaves while events come: what users feel whose partitions do not move, and those whose do.
enum RebalanceRow: BenchmarkRow {
    static let name = "rebalance"
    private static let rate = 500.0
    private static let rounds = 3
    /// Seconds before the instance joins, and after everything has moved.
    private static let calmSeconds = 6.0
    private static let settledSeconds = 2.0
    /// Two commits, which is what a rebalance may add.
    private static let allowed = 0.2

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let shop = try run.warmShop() else { return [.withoutBroker("a rebalance")] }
        return try BenchmarkShop.Guarantee.allCases.flatMap { guarantee in
            let rounds = try (0..<rounds).compactMap { _ in try round(shop, guarantee) }
            guard rounds.count == Self.rounds else {
                return [
                    Figure(
                        what: "\(guarantee.rawValue), an instance joins: where nothing moves",
                        measured: "the first starts over", target: "≤ 200", isReached: false)
                ]
            }
            return [
                figure(guarantee, "joins", rounds.map(\.calm), rounds.map(\.joining)),
                figure(guarantee, "leaves", rounds.map(\.calm), rounds.map(\.leaving)),
            ]
        }
    }

    private static func figure(
        _ guarantee: BenchmarkShop.Guarantee, _ what: String, _ calm: [Waits], _ moving: [Waits]
    ) -> Figure {
        let added = zip(moving, calm).map { $0.stayed.slowest - $1.stayed.slowest }.median
        return Figure(
            what: "\(guarantee.rawValue), an instance \(what): where nothing moves, p99",
            measured: "\(milliseconds(max(0, added))) ms more", target: "≤ 200", isReached: added <= allowed,
            note: "\(guarantee.rawValue), an instance \(what): partitions that stay, p99 and longest, "
                + "\(list(moving.map(\.stayed))) ms (before, \(list(calm.map(\.stayed)))); those that move, "
                + "\(list(moving.map(\.moved))) ms")
    }

    private static func list(_ waits: [Wait]) -> String {
        waits.map { "\(milliseconds($0.slowest)) and \(milliseconds($0.longest))" }.joined(separator: ", ")
    }

    private static func milliseconds(_ seconds: Double) -> String { RankingRow.decimal(seconds * 1000) }

    /// From event to list, in seconds.
    private struct Wait {
        var slowest = 0.0
        var longest = 0.0

        init(_ waits: [Double]) {
            guard !waits.isEmpty else { return }
            (slowest, longest) = (waits.share(0.99), waits.max() ?? 0)
        }
    }

    private struct Waits {
        let stayed: Wait
        let moved: Wait
    }

    /// Nil where the first instance did not keep its membership, and so none of its partitions.
    private static func round(
        _ shop: BenchmarkShop, _ guarantee: BenchmarkShop.Guarantee
    ) throws -> (calm: Waits, joining: Waits, leaving: Waits)? {
        let first = try shop.serve(guarantee)
        // A member that leaves in good order is none that the next round finds in the group.
        defer { try? first.stop() }
        try awaitShared(shop, members: 1)
        try shop.awaitCaughtUp(first)
        let own = try shop.assignment()
        let reader = try ListReader(shop, .uncommitted)
        let load = try EventLoad(shop, rate: rate, count: Int(rate) * 120)
        let start = BenchmarkClock.now + 1
        usleep(UInt32((calmSeconds + 1) * 1e6))
        let joins = BenchmarkClock.now
        let second = try shop.serve(guarantee)
        try awaitShared(shop, members: 2)
        try shop.awaitRestored(second)
        let stayed = Set(try shop.assignment().first { own.keys.contains($0.key) }?.value ?? [])
        guard !stayed.isEmpty else {
            try second.stop()
            load.stop()
            _ = (try load.end(), reader.end())
            return nil
        }
        usleep(UInt32(settledSeconds * 1e6))
        let leaves = BenchmarkClock.now
        try second.stop()
        try awaitShared(shop, members: 1)
        usleep(UInt32(settledSeconds * 1e6))
        let end = BenchmarkClock.now
        load.stop()
        let sent = try load.end()
        let arrived = reader.end()
        func waits(_ from: Double, _ to: Double) -> Waits {
            var (stay, move): ([Double], [Double]) = ([], [])
            for (place, at) in arrived {
                guard let began = sent[place], began >= from, began < to else { continue }
                if stayed.contains(place.partition) { stay.append(at - began) } else { move.append(at - began) }
            }
            return Waits(stayed: Wait(stay), moved: Wait(move))
        }
        return (waits(start, joins), waits(joins, leaves), waits(leaves, end))
    }

    /// Waits until so many members share all partitions.
    private static func awaitShared(_ shop: BenchmarkShop, members: Int) throws {
        let deadline = BenchmarkClock.now + 60
        while true {
            let assignment = try shop.assignment()
            if assignment.count == members, assignment.values.allSatisfy({ !$0.isEmpty }),
                assignment.values.reduce(0, { $0 + $1.count }) == Int(shop.partitions)
            {
                return
            }
            guard BenchmarkClock.now < deadline else {
                throw BenchmarkFailure("\(members) members did not share the partitions in time: \(assignment)")
            }
            usleep(50_000)
        }
    }
}
