/// Events that wait for the program: a list for every one, and bursts that give one list together; under both guarantees,
/// in turns, since a machine is quicker at one time than at another.
enum CatchUpRow: BenchmarkRow {
    static let name = "catch-up"
    private static let rounds = 3

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        // Records come a partition at a time: of many partitions few users each, and some of them twice in a batch.
        guard let shop = try run.warmShop(partitions: 2) else { return [.withoutBroker("events per CPU second")] }
        let events = BenchmarkRun.size("FRESHET_BENCH_CATCHUP_EVENTS", default: 100_000)
        var rates: [BenchmarkShop.Guarantee: Rates] = [:]
        for _ in 0..<rounds {
            for guarantee in BenchmarkShop.Guarantee.allCases {
                let idle = try shop.workToEnd(guarantee).cpuSeconds
                for order in [EventSource.UserOrder.inTurn, .bursts] {
                    try shop.produce(events, order, stepMilliseconds: 50)
                    let work = try shop.workToEnd(guarantee)
                    guard work.events == Double(events) else {
                        throw BenchmarkFailure("\(grouped(work.events)) of \(events) events were learnt")
                    }
                    rates[guarantee, default: Rates()].add(work, order, idle: idle)
                }
            }
        }
        let figures = BenchmarkShop.Guarantee.allCases.flatMap { rates[$0, default: Rates()].figures($0) }
        return figures + ratios(rates[.exactlyOnce, default: Rates()], rates[.atLeastOnce, default: Rates()])
    }

    private static func ratios(_ exactly: Rates, _ atLeast: Rates) -> [Figure] {
        let pairs = [
            ("a list an event", exactly.each.median / atLeast.each.median),
            ("bursts", exactly.bursts.median / atLeast.bursts.median),
        ]
        return pairs.map { what, ratio in
            Figure(
                what: "exactly_once of at_least_once, \(what)", measured: "\(Int((ratio * 100).rounded()))%",
                target: "90%", isReached: ratio >= 0.9)
        }
    }

    /// Figures of all rounds under one guarantee.
    struct Rates {
        var each: [Double] = []
        var eachLists: [Double] = []
        var bursts: [Double] = []
        var burstLists: [Double] = []

        mutating func add(_ work: BenchmarkShop.Work, _ order: EventSource.UserOrder, idle: Double) {
            let rate = work.events / (work.cpuSeconds - idle)
            if case .bursts = order {
                bursts.append(rate)
                burstLists.append(work.lists / work.events)
            } else {
                each.append(rate)
                eachLists.append(work.lists / work.events)
            }
        }

        func figures(_ guarantee: BenchmarkShop.Guarantee) -> [Figure] {
            [("a list an event", each, eachLists), ("bursts", bursts, burstLists)].map { what, rates, lists in
                Figure(
                    what: "\(guarantee.rawValue), \(what) (\(hundredths(lists.median)) lists)",
                    measured: "\(grouped(rates.median)) events/CPU-s")
            }
        }
    }
}
