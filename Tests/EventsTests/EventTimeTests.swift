import Events
import Foundation
import Testing

struct EventTimeTests {
    static func parse(_ text: String) -> Int64? {
        Array(text.utf8).withUnsafeBytes { EventTime.milliseconds($0) }
    }

    static let moment: Int64 = 1_569_888_000_000  // 2019-10-01 00:00:00 UTC

    static let readsCases: [(String, Int64)] = [
        ("2019-10-01 00:00:00 UTC", moment), ("2019-10-01 00:00:00", moment), ("2019-10-01T00:00:00Z", moment),
        ("2019-10-01t00:00:00z", moment), ("2019-10-01T00:00:00", moment), ("2019-10-01T02:00:00+02:00", moment),
        ("2019-09-30T18:30:00-05:30", moment), ("2019-10-01T00:00:00+0000", moment),
        ("2019-10-01 00:00:00.5 UTC", moment + 500), ("2019-10-01T00:00:00.123456789Z", moment + 123),
        ("2019-10-01T00:00:00,007Z", moment + 7), ("2019-10-01 00:00:00.9999", moment + 999),
        ("2019-10-01 00:00:00 GMT", moment), ("2019-10-01 00:00:00 +00:00", moment),
        ("1970-01-01T00:00:00Z", 0), ("9999-12-31T23:59:59.999Z", EventTime.end - 1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000), ("2017-01-01T01:59:60+02:00", 1_483_228_800_000),
        ("2020-02-29 12:00:00 UTC", 1_582_977_600_000), ("2000-02-29 00:00:00 UTC", 951_782_400_000),
        ("0", 0), ("1569888000", moment), ("1569888000.25", moment + 250), ("1569888000.0009", moment),
        ("1569888000000", moment), ("1569888000000.7", moment), ("1569888000000000", moment),
        ("1569888000000000000", moment), ("1.569888e9", moment), ("1.569888e12", moment), ("1569888E3", moment),
        ("99999999999", 99_999_999_999_000), ("100000000000", 100_000_000_000), ("12", 12_000),
    ]

    @Test(arguments: readsCases)
    func reads(_ text: String, _ expected: Int64) {
        #expect(Self.parse(text) == expected, "\(text)")
    }

    static let rejectsCases: [String] = [
        "", " ", "yesterday", "2019-10-01", "2019-10-01 00:00", "2019-13-01 00:00:00 UTC", "2019-00-01 00:00:00 UTC",
        "2019-02-29 00:00:00 UTC", "1900-02-29 00:00:00 UTC", "2019-10-32 00:00:00 UTC", "2019-10-00 00:00:00 UTC",
        "2019-04-31 00:00:00 UTC", "2019-10-01 24:00:00 UTC", "2019-10-01 00:60:00 UTC", "2019-10-01 00:00:61 UTC",
        "2019-10-01 12:00:60 UTC", "2019-10-01 00:00:00 CET", "2019-10-01 00:00:00 UTC ", "2019-10-01 00:00:00.",
        "2019-10-01 00:00:00. UTC", "2019/10/01 00:00:00 UTC", "2019-10-01x00:00:00 UTC", "2019-10-01 00-00-00 UTC",
        "2019-1a-01 00:00:00 UTC", "1969-12-31 23:59:59 UTC", "1970-01-01T00:00:00+00:01", "+019-10-01 00:00:00 UTC",
        "9999-12-31T23:59:59-00:01", "2019-10-01T00:00:00+24:00", "2019-10-01T00:00:00+2:00",
        "2019-10-01T00:00:00+02:60",
        "-5", "-1569888000", "+5", "1e300", "1e20", "100000000000000000000", "18446744073709551616", "99999999999999",
        "1569888000.", ".5", "1569888000 ", "0x10", "NaN", "1e", "1.5.2", "01:02",
    ]

    @Test(arguments: rejectsCases)
    func rejects(_ text: String) {
        // 14 nines are milliseconds of the year 5138, which is before 9999.
        #expect(Self.parse(text) == (text == "99999999999999" ? 99_999_999_999_999 : nil), "\(text)")
    }

    @Test func agreesWithFoundationsCalendar() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "GMT")!
        var random = SplitMix(state: 3)
        for _ in 0..<500 {
            let seconds = Int64.random(in: 0..<EventTime.end / 1000, using: &random)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second], from: Date(timeIntervalSince1970: Double(seconds)))
            func pad(_ value: Int?, _ width: Int) -> String {
                let digits = "\(value!)"
                return String(repeating: "0", count: width - digits.count) + digits
            }
            let text =
                "\(pad(parts.year, 4))-\(pad(parts.month, 2))-\(pad(parts.day, 2)) "
                + "\(pad(parts.hour, 2)):\(pad(parts.minute, 2)):\(pad(parts.second, 2)) UTC"
            #expect(Self.parse(text) == seconds * 1000, "\(text)")
        }
    }
}
