import Events

/// Decoding alone, on one core.
enum DecodeRow: BenchmarkRow {
    static let name = "decode"

    static func measure(_: BenchmarkRun) -> [Figure] {
        let source = EventSource()
        source.make(20_000)
        let decoder = EventDecoder()
        var event = ShopEvent()
        var best = Double.infinity
        var decoded = 0
        for _ in 0..<max(3, 60 / CPUTime.shrink) {
            let start = CPUTime.thread
            for index in 0..<source.made where decoder.decode(source.event(index), into: &event) == nil { decoded += 1 }
            best = min(best, CPUTime.thread - start)
        }
        precondition(decoded % source.made == 0 && decoded > 0, "an event was rejected")
        let rate = Double(source.made) / best
        return [
            Figure(
                what: "REES46 JSON of \(source.event(0).count) bytes, one core", measured: "\(grouped(rate)) events/s",
                target: "4,000,000", isReached: rate >= 4_000_000)
        ]
    }
}
