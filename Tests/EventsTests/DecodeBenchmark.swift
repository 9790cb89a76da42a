import Events
import Foundation
import Testing

/// `FRESHET_BENCH=1 swift test -c release --filter DecodeBenchmark` prints events a second on one core.
struct DecodeBenchmark {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FRESHET_BENCH"] != nil))
    func decodesREES46() {
        var random = SplitMix(state: 7)
        let events = (0..<10_000).map { _ in Array(Samples.rees46(&random, spaced: true).utf8) }
        let bytes = events.reduce(0) { $0 + $1.count }
        let decoder = EventDecoder()
        var event = ShopEvent()
        var best = Duration.seconds(1000)
        var checksum: Int64 = 0
        for _ in 0..<60 {
            let took = ContinuousClock().measure {
                for value in events {
                    value.withUnsafeBytes { raw in
                        if decoder.decode(raw, into: &event) != nil { return }
                        checksum &+= event.time &+ Int64(event.item.count)
                    }
                }
            }
            best = min(best, took)
        }
        let rate = Double(events.count) / (best / .seconds(1))
        let mean = bytes / events.count
        print("decode: \(Int(rate)) events/s of \(mean) bytes, \(Int(rate * Double(mean) / 1e6)) MB/s [\(checksum)]")
        #expect(checksum != 0)
    }
}
