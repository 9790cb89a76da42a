import Foundation

/// From sending an event to its list, at 1,000 events a second: under both guarantees, with and without a training beside
/// it, in turns.
enum LatencyRow: BenchmarkRow {
    static let name = "latency"
    private static let rate = 1000.0
    private static let rounds = 3

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        guard let shop = try run.warmShop() else { return [.withoutBroker("event to list at 1,000/s")] }
        let seconds = BenchmarkRun.size("FRESHET_BENCH_LATENCY_SECONDS", default: 10)
        var figures: [Figure] = []
        for guarantee in BenchmarkShop.Guarantee.allCases {
            var calm: [ListReader.Isolation: Waits] = [:]
            var training: [ListReader.Isolation: Waits] = [:]
            var (calmService, trainingService) = (ServiceSide(), ServiceSide())
            for _ in 0..<rounds {
                calmService.add(try stretch(shop, guarantee, training: false, seconds, into: &calm))
                trainingService.add(try stretch(shop, guarantee, training: true, seconds, into: &training))
            }
            let trainingCores = trainingService.cores.median - calmService.cores.median
            figures.append(inside(guarantee, calmService, trainingService))
            for isolation in isolations(guarantee) {
                guard let calm = calm[isolation], let training = training[isolation] else { continue }
                figures += self.figures(guarantee, isolation, calm, training, trainingCores)
            }
        }
        return figures
    }

    /// Without transactions both kinds of reader see the same.
    private static func isolations(_ guarantee: BenchmarkShop.Guarantee) -> [ListReader.Isolation] {
        guarantee == .exactlyOnce ? ListReader.Isolation.allCases : [.uncommitted]
    }

    private static func figures(
        _ guarantee: BenchmarkShop.Guarantee, _ isolation: ListReader.Isolation, _ calm: Waits, _ training: Waits,
        _ cores: Double
    ) -> [Figure] {
        let what = guarantee == .exactlyOnce ? "\(guarantee.rawValue), \(isolation.rawValue)" : guarantee.rawValue
        let ratio = training.slowest.median / calm.slowest.median
        let asked = asked(guarantee, isolation)
        return [
            Figure(
                what: "\(what), p50 / p99",
                measured: "\(milliseconds(calm.usual.median)) / \(milliseconds(calm.slowest.median)) ms",
                target: asked.text, isReached: calm.usual.median <= asked.p50 && calm.slowest.median <= asked.p99,
                note: "\(what): each stretch's p99 \(list(calm.slowest)) ms, while training "
                    + "\(list(training.slowest)) ms"),
            Figure(
                what: "  while training (which takes \(hundredths(cores)) of a core)",
                measured: "\(milliseconds(training.usual.median)) / \(milliseconds(training.slowest.median)) ms, "
                    + "\(hundredths(ratio)) ×", target: "p99 ≤ 1.3 ×", isReached: ratio <= 1.3),
        ]
    }

    private static func asked(
        _ guarantee: BenchmarkShop.Guarantee, _ isolation: ListReader.Isolation
    ) -> (p50: Double, p99: Double, text: String) {
        switch (guarantee, isolation) {
        case (.atLeastOnce, _): (0.006, 0.012, "≤ 6 / 12")
        case (.exactlyOnce, .uncommitted): (.infinity, 0.040, "p99 ≤ 40")
        case (.exactlyOnce, .committed): (0.060, 0.120, "≤ 60 / 120")
        }
    }

    private static func list(_ seconds: [Double]) -> String {
        seconds.map(milliseconds).joined(separator: ", ")
    }

    private static func milliseconds(_ seconds: Double) -> String { RankingRow.decimal(seconds * 1000) }

    /// How long the worker is away from its input, which is all that the service itself adds to a record's way.
    private static func inside(
        _ guarantee: BenchmarkShop.Guarantee, _ calm: ServiceSide, _ training: ServiceSide
    ) -> Figure {
        let (without, beside) = (calm.slowest.median, training.slowest.median)
        return Figure(
            what: "\(guarantee.rawValue), a batch inside the service, p99",
            measured: "\(milliseconds(without)) ms, while training \(milliseconds(beside)) ms", target: "≤ 3",
            isReached: without <= 0.003,
            note: "\(guarantee.rawValue): each stretch's p99 inside the service \(list(calm.slowest)) ms, while "
                + "training \(list(training.slowest)) ms; batches over 20 ms \(calm.stalls) and \(training.stalls)")
    }

    /// What the service says of itself in each stretch: cores taken, the 99th percentile of its batches in seconds.
    struct ServiceSide {
        var cores: [Double] = []
        var slowest: [Double] = []
        var stalls: [Int] = []

        mutating func add(_ stretch: (cores: Double, batches: MetricsPage.Histogram)) {
            cores.append(stretch.cores)
            slowest.append(stretch.batches.quantile(0.99))
            stalls.append(stretch.batches.count(above: 0.02))
        }
    }

    /// The median and the 99th percentile of each stretch, in seconds.
    struct Waits {
        var usual: [Double] = []
        var slowest: [Double] = []
    }

    /// One stretch; gives the CPU seconds a second that the service took, and its batches.
    private static func stretch(
        _ shop: BenchmarkShop, _ guarantee: BenchmarkShop.Guarantee, training: Bool, _ seconds: Int,
        into waits: inout [ListReader.Isolation: Waits]
    ) throws -> (cores: Double, batches: MetricsPage.Histogram) {
        // Trains again as soon as the last training is over and there is one event in a thousand more.
        let settings = ["FRESHET_TRAINING_INTERVAL": "1ms", "FRESHET_TRAINING_GROWTH": "0.001"]
        let service = try shop.serve(guarantee, training: training, training ? settings : [:])
        defer { service.kill() }
        try shop.awaitCaughtUp(service)
        let readers = try isolations(guarantee).map { ($0, try ListReader(shop, $0)) }
        // Two seconds more, which do not count: in them the leader takes over, and trainings begin.
        let page = try MetricsPage(of: service)
        let before = try page.histogram("freshet_batch_seconds")
        let (began, cpuBegan) = (BenchmarkClock.now, service.cpuSeconds)
        let load = try EventLoad(shop, rate: rate, count: Int(rate) * (seconds + 2))
        let sent = try load.end()
        let cores = (service.cpuSeconds - cpuBegan) / (BenchmarkClock.now - began)
        let batches = try page.histogram("freshet_batch_seconds").since(before)
        let first = (sent.values.min() ?? 0) + 2
        for (isolation, reader) in readers {
            let times = reader.end().compactMap { place, at in sent[place].flatMap { $0 < first ? nil : at - $0 } }
            guard Double(times.count) > 0.5 * rate * Double(seconds) else {
                throw BenchmarkFailure("\(times.count) lists came for \(seconds) s of events: \(service.output)")
            }
            waits[isolation, default: Waits()].usual.append(times.median)
            waits[isolation, default: Waits()].slowest.append(times.share(0.99))
        }
        return (cores, batches)
    }
}
