import Events
import Foundation
import Testing

struct JSONTextTests {
    private func text(_ write: (ByteWriter) -> Void) -> String {
        let writer = ByteWriter(capacity: 1)
        write(writer)
        return writer.text
    }

    @Test func numbersReadBackTheSame() throws {
        var random = Seeded(1)
        for _ in 0..<3000 {
            let value = Int64(bitPattern: random.next() >> UInt64(random.below(64)))
            #expect(text { JSONText.integer(value, to: $0) } == String(value))
            #expect(text { JSONText.integer(-(value >> 1), to: $0) } == String(-(value >> 1)))
            let decimal = Double(Int64(truncatingIfNeeded: random.next() >> 20)) / 1e6 / Double(1 << random.below(40))
            let found = try #require(Double(text { JSONText.decimal(decimal, to: $0) }))
            #expect(abs(found - decimal) <= 0.51e-6)
            #expect(found == ((decimal * 1e6).rounded() / 1e6))
        }
        #expect(text { JSONText.integer(.min, to: $0) } == String(Int64.min))
        #expect(text { JSONText.integer(.max, to: $0) } == String(Int64.max))
        for (value, expected) in [
            (0.0, "0"), (-0.0, "0"), (-1e-9, "0"), (-2.5, "-2.5"), (0.1, "0.1"), (3.000001, "3.000001"),
            (1e11, "100000000000"), (.nan, "null"), (.infinity, "null"),
        ] {
            #expect(text { JSONText.decimal(value, to: $0) } == expected)
        }
        #expect(Double(text { JSONText.decimal(1.5e300, to: $0) }) == 1.5e300)
    }

    @Test func timesAgreeWithFoundation() {
        var random = Seeded(2)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<500 {
            let time = Int64(random.next() % UInt64(EventTime.end))
            let date = Date(timeIntervalSince1970: Double(time / 1000))
            let expected = date.formatted(format).dropLast(4) + String(format: "%03dZ", Int(time % 1000))
            #expect(text { JSONText.time(time, to: $0) } == expected)
        }
        #expect(text { JSONText.time(0, to: $0) } == "1970-01-01T00:00:00.000Z")
        #expect(text { JSONText.time(951_782_399_999, to: $0) } == "2000-02-28T23:59:59.999Z")
        #expect(text { JSONText.time(951_782_400_000, to: $0) } == "2000-02-29T00:00:00.000Z")
    }

    @Test func stringsAgreeWithFoundation() throws {
        var random = Seeded(3)
        let alphabet = Array("ab\"\\\n\r\t\u{1}\u{1F}é漢😀/ ".unicodeScalars)
        for _ in 0..<500 {
            var string = ""
            for _ in 0..<random.below(20) { string.unicodeScalars.append(alphabet[random.below(alphabet.count)]) }
            let written = "[" + text { JSONText.string(string, to: $0) } + "]"
            #expect(try JSONDecoder().decode([String].self, from: Data(written.utf8)) == [string])
        }
    }
}
