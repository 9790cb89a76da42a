import Events
import Foundation
import Testing

/// Mutated events, decoded here and by Foundation's JSONDecoder: both accept or both reject, with the same fields.
///
/// Where they may differ, and why:
/// - Foundation guesses UTF-16 and UTF-32 and takes a byte order mark; here input is UTF-8 without one.
/// - Foundation cannot tell `12.0` and `12e0` from `12`; here only `12` is an id.
/// - Foundation refuses numbers that no Double holds, in unknown fields too; here they are JSON.
/// - Foundation takes a comma before a closing bracket, and minus zero for zero.
/// - Foundation's first duplicate counts; here the last one does, as in JavaScript, Python and Java.
/// - Foundation rounds integers past 64 bits; here an id keeps its digits.
struct FoundationFuzzTests {
    static let hostile: [String] = [
        "null", "true", "false", "[]", "{}", "[[1,2,{\"a\":[]}],\"x\"]", "{\"a\":{\"b\":[null,-1.5e3]}}", "1e5", "-0",
        "0.1",
        "01", "-", "+1", "1.", ".5", "1e", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\\u0041\\n\\/\"",
        "\"\\x\"",
        "\"é漢😀\"", "\u{1}", "\u{7F}", "\t", "18446744073709551615", "\"12\"", "12", "\"\"", "nul", "tru", "\"", "\\",
        ",",
        ":", "}", "{", "]", "[", "\r\n", " ", "\"user_id\":\"z\",", "\"event_type\":\"buy\",", "\"price\":\"12.50\",",
        "\"event_id\":\"e1\",", "\"x\":[1,],", "\"price\" : null,", "NaN", "Infinity", "'a'", "/*c*/", "\u{FEFF}",
        "1569888000",
        "\"2019-10-01T00:00:00.5+02:00\"", "\"user_deleted\"", "\"\\u0075ser_id\":7,", "0.30000000000000004",
        "123456789.123456789",
    ]

    static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.removeSubrange(at...)
        case 3 where at < bytes.count: bytes.remove(at: at)
        case 4: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: at)
        case 5: bytes.insert(contentsOf: hostile.randomElement(using: &random)!.utf8, at: at)
        case 6:
            let end = Int.random(in: at...bytes.count, using: &random)
            bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
        default: replaceValue(&bytes, &random)
        }
    }

    /// Puts something hostile in the place of a whole value, or in front of a key.
    static func replaceValue(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        let places = bytes.indices.filter { bytes[$0] == UInt8(ascii: ":") || bytes[$0] == UInt8(ascii: ",") }
        guard let place = places.randomElement(using: &random) else { return }
        let isValue = bytes[place] == UInt8(ascii: ":")
        let ends = bytes.indices[place...].dropFirst().first {
            bytes[$0] == UInt8(ascii: ",") || bytes[$0] == UInt8(ascii: "}")
        }
        let range = place + 1..<(isValue ? ends ?? bytes.count : place + 1)
        bytes.replaceSubrange(range, with: hostile.randomElement(using: &random)!.utf8)
    }

    /// Whether the two may differ on these bytes.
    static func mayDiffer(_ bytes: [UInt8], _ ours: Result<Decoded, Rejection>) -> Bool {
        if bytes.prefix(4).contains(0) || [0xEF, 0xFE, 0xFF].contains(bytes.first ?? 0) { return true }
        if case .failure(let rejection) = ours, [.badUser, .badItem, .tooDeep].contains(rejection.code) { return true }
        if hasDuplicates(bytes) { return true }
        // Outside strings: many digits, an exponent, minus zero, a comma before a bracket.
        var digits = 0
        var isInside = false
        var last: UInt8 = 0
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\""), index == 0 || bytes[index - 1] != UInt8(ascii: "\\") { isInside.toggle() }
            digits = byte &- 48 < 10 ? digits + 1 : 0
            if digits > 18 { return true }
            if isInside { continue }
            if byte | 0x20 == UInt8(ascii: "e"), last &- 48 < 10 { return true }
            if byte == UInt8(ascii: "0"), last == UInt8(ascii: "-") { return true }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}"), last == UInt8(ascii: ",") { return true }
            if byte > 0x20 { last = byte }
        }
        return false
    }

    static func hasDuplicates(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\\u0075", with: "u")
        let names = [
            "event_time", "event_type", "product_id", "category_id", "category_code", "brand", "price", "user_id",
            "user_session", "event_id",
        ]
        return names.contains { text.components(separatedBy: "\"\($0)\"").count > 2 }
    }

    @Test func agreesWithFoundation() {
        let rounds = ProcessInfo.processInfo.environment["FRESHET_FUZZ"].flatMap { Int($0) } ?? 3000
        var random = SplitMix(state: 2026)
        let reused = EventDecoder()
        var accepted = 0
        var compared = 0
        for round in 0..<rounds {
            var bytes = Array(Samples.rees46(&random, spaced: round % 2 == 0).utf8)
            bytes = Self.shortDigits(bytes)
            for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&bytes, &random) }
            let ours = reused.decode(bytes)
            let fresh = EventDecoder().decode(bytes)
            #expect(Self.same(ours, fresh), "a used decoder differs: \(String(decoding: bytes, as: UTF8.self))")
            let theirs = FoundationReference.decode(bytes)
            let mine = try? ours.get()
            if mine != nil { accepted += 1 }
            if mine != theirs, !Self.mayDiffer(bytes, ours) {
                Issue.record(
                    "\(String(decoding: bytes, as: UTF8.self))\nours \(ours)\nFoundation's \(String(describing: theirs))"
                )
            }
            if !Self.mayDiffer(bytes, ours) { compared += 1 }
        }
        #expect(
            accepted > rounds / 10 && accepted < rounds * 9 / 10,
            "\(accepted) of \(rounds) accepted: mutations lost their bite")
        #expect(compared > rounds * 6 / 10, "\(compared) of \(rounds) compared")
    }

    /// Cuts runs of digits to twelve.
    static func shortDigits(_ bytes: [UInt8]) -> [UInt8] {
        var run = 0
        return bytes.filter { byte in
            run = byte &- 48 < 10 ? run + 1 : 0
            return run <= 12
        }
    }

    static func same(_ a: Result<Decoded, Rejection>, _ b: Result<Decoded, Rejection>) -> Bool {
        switch (a, b) {
        case (.success(let x), .success(let y)): x == y
        case (.failure(let x), .failure(let y)): x == y
        default: false
        }
    }
}
