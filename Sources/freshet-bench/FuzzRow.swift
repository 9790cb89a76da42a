import Foundation
import Kafka
import Models

/// Damaged and hostile records among sound ones, through the whole program: each is learnt, left out as a duplicate, or a dead
/// letter; the counts add up, and nothing crashes.
enum FuzzRow: BenchmarkRow {
    static let name = "fuzz"

    static func measure(_ run: BenchmarkRun) throws -> [Figure] {
        let what = "fuzzed records accounted for, exactly_once"
        guard let shop = try run.freshShop("fuzz", partitions: 4) else { return [.withoutBroker(what)] }
        let count = BenchmarkRun.size("FRESHET_BENCH_FUZZ_RECORDS", default: 1_000_000)
        try produce(count, to: shop)
        let work = try shop.workToEnd(.exactlyOnce)
        let letters = try shop.countDeadLetters()
        let accounted = work.events + work.rejected + work.duplicates
        return [
            Figure(
                what: what, measured: "\(grouped(accounted)) of \(grouped(Double(count)))", target: "all",
                isReached: accounted == Double(count) && Double(letters) == work.rejected,
                note:
                    "\(grouped(work.events)) learnt, \(grouped(work.duplicates)) duplicates, \(grouped(work.rejected)) "
                    + "rejected, \(grouped(Double(letters))) in the dead-letter topic; \(grouped(work.lists)) lists")
        ]
    }

    private static func produce(_ count: Int, to shop: BenchmarkShop) throws {
        let source = shop.source(count, .random, stepMilliseconds: 50)
        var random = RandomStream(seed: 13)
        var sent = 0
        while sent < count {
            try BenchmarkProcess.checkInterrupted()
            source.make(min(10_000, count - sent))
            for index in 0..<source.made {
                let value = damaged(Array(source.event(index)), &random)
                try shop.send(key: key(source.key(index), &random), value: value)
            }
            sent += source.made
        }
        try shop.flush()
    }

    /// The user's, as a rule; sometimes none, or another one.
    private static func key(_ user: Int, _ random: inout RandomStream) -> [UInt8]? {
        switch Int.random(in: 0..<100, using: &random) {
        case 0: nil
        case 1: bytes(Int.random(in: 0...300, using: &random), &random)
        default: Array(String(user).utf8)
        }
    }

    private static func bytes(_ count: Int, _ random: inout RandomStream) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// One event in ten stays as it is.
    private static func damaged(_ event: [UInt8], _ random: inout RandomStream) -> [UInt8] {
        var event = event
        let place = Int.random(in: 0..<event.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: break
        case 1...4:
            // Flipped bits.
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                event[Int.random(in: 0..<event.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        case 5: event.removeSubrange(place...)
        case 6: event.insert(contentsOf: bytes(Int.random(in: 1...20, using: &random), &random), at: place)
        case 7: event.replaceSubrange(place..<min(place + 8, event.count), with: event.prefix(8))
        case 8: event = bytes(Int.random(in: 0...2_000, using: &random), &random)
        default:
            let member = hostile[Int.random(in: 0..<hostile.count, using: &random)]
            event.replaceSubrange(0..<1, with: Array("{\(member),".utf8))
        }
        return event
    }

    /// Members of an object that decoders stumble over.
    private static let hostile = [
        "\"x\":" + String(repeating: "[", count: 5_000), "\"x\":" + String(repeating: "{\"a\":", count: 65),
        "\"x\":" + String(repeating: "[", count: 60) + String(repeating: "]", count: 60),
        "\"price\":1e999999999", "\"price\":-0.0", "\"price\":\"12.5\"", "\"price\":123456789012345678901234567890",
        "\"event_time\":9223372036854775807", "\"event_time\":-1", "\"event_time\":\"0000-00-00 00:00:00 UTC\"",
        "\"event_time\":\"2019-02-29T25:61:61Z\"", "\"user_id\":\"\\ud800\"", "\"user_id\":\"\\u0000\"",
        "\"user_id\":null",
        "\"user_id\":{}", "\"user_id\":1.0", "\"product_id\":[1]",
        "\"product_id\":\"" + String(repeating: "é", count: 200)
            + "\"", "\"event_type\":\"VIEW\"", "\"event_type\":true", "\"brand\":\"\\q\"",
        "\"category_code\":\"a\u{7}b\"",
        "\"event_id\":\"1\"", "\"\":\"\"", "\"user_id\":\"\\ud83d\\ude00\"", "\"x\":nul", "\"x\":01",
        "\"x\":\"" + "\u{FEFF}\"",
    ]
}
