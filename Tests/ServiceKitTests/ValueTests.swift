import Testing

@testable import ServiceKit

@Suite struct ValueTests {
    @Test(arguments: [
        ("0", Duration.zero), ("100ms", .milliseconds(100)), ("15m", .seconds(900)), ("30d", .seconds(2_592_000)),
        ("1h30m", .seconds(5_400)), ("1.5s", .milliseconds(1_500)), ("250us", .microseconds(250)),
        ("7ns", .nanoseconds(7)), (" 2h ", .seconds(7_200)),
    ])
    func durationsAreRead(text: String, expected: Duration) {
        #expect(Duration(written: text) == expected)
    }

    @Test(arguments: ["", "5", "m", "5x", "-5s", "1h 30", "1..5s", "999999999999d", "1e3s"])
    func otherTextsAreNoDurations(text: String) {
        #expect(Duration(written: text) == nil)
    }

    @Test(arguments: [
        ("512KB", 524_288), ("64MB", 67_108_864), ("100", 100), ("1.5 kb", 1_536), ("2GiB", 2_147_483_648), ("0", 0),
        ("1_000", 1_000),
    ])
    func byteSizesAreRead(text: String, expected: Int) {
        #expect(ValueType.byteSize().parse(text) == .bytes(expected))
    }

    @Test(arguments: ["", "KB", "-1", "12XB", "1.5", "99999999999999999999", "9999999999GB", "1.2.3KB"])
    func otherTextsAreNoByteSizes(text: String) {
        #expect(ValueType.byteSize().parse(text) == nil)
    }

    @Test func otherTypesHoldTheirBounds() {
        #expect(ValueType.byteSize(least: 65_536).parse("64KB") == .bytes(65_536))
        #expect(ValueType.byteSize(least: 65_536).parse("0") == nil)
        #expect(ValueType.byteSize(least: 65_536).expectation.hasSuffix("bytes, of at least 64KB"))
        #expect(ValueType.int(1...3).parse("3") == .int(3))
        #expect(ValueType.int(1...3).parse("4") == nil)
        #expect(ValueType.int().parse("1_000") == .int(1_000))
        #expect(ValueType.double(0...1).parse("0.25") == .double(0.25))
        #expect(ValueType.double().parse("nan") == nil)
        #expect(ValueType.double().parse("inf") == nil)
        #expect(ValueType.bool.parse("Yes") == .bool(true))
        #expect(ValueType.bool.parse("maybe") == nil)
        #expect(ValueType.list.parse("a, b,c") == .list(["a", "b", "c"]))
        #expect(ValueType.list.parse("") == .list([]))
        #expect(ValueType.oneOf(["a"]).parse("b") == nil)
        let name = ValueType.name(charactersMax: 8)
        for text in ["a", "a.B_9-", "12345678"] { #expect(name.parse(text) == .string(text)) }
        for text in ["", ".", "..", "a b", "a/b", "é", "123456789"] { #expect(name.parse(text) == nil) }
        #expect(ValueType.int(1...Int.max).expectation == "a whole number of at least 1")
        #expect(ValueType.double(0...1).expectation == "a number from 0.0 to 1.0")
    }

    @Test func theNearestWordIsSuggestedOnlyWhenNear() {
        let words = ["processing.guarantee", "processing.batch", "topics.events"]
        #expect(nearestWord(to: "procesing.guarante", among: words) == "processing.guarantee")
        #expect(nearestWord(to: "topics.evnets", among: words) == "topics.events")
        #expect(nearestWord(to: "logging.level", among: words) == nil)
        #expect(nearestWord(to: "--stop", among: ["--http", "--stop-at-end"]) == "--stop-at-end")
    }

    @Test func durationsConvert() {
        #expect(Duration.seconds(2).inMilliseconds == 2_000)
        #expect(Duration.microseconds(1_500).inNanoseconds == 1_500_000)
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    }

    @Test func textsBecomeJSON() {
        #expect(jsonString("a\"b\\\n\u{1}é") == #""a\"b\\\n\u0001é""#)
        #expect(jsonString("\u{1B}[2J\u{7F}\u{9B}1m") == #""\u001b[2J\u007f\u009b1m""#)
    }
}
