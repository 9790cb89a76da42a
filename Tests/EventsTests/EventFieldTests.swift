import Testing

@testable import Events

/// Names, shapes of values, absence, escapes: one row a rule.
struct EventFieldTests {
    let decoder = EventDecoder()

    /// The event whose JSON is these members and, before them, the required ones.
    func event(_ members: String) throws -> Decoded {
        let required = #""event_time":1569888000,"event_type":"view","product_id":"1","user_id":"p""#
        return try decoder.decode("{" + required + (members.isEmpty ? "" : ",") + members + "}").get()
    }

    @Test func readsAllFields() throws {
        let text = """
            {"event_time": "2019-10-01 00:00:00 UTC", "event_type": "cart", "product_id": "44600062", "category_id": \
            "2103807459595387724", "category_code": "a.b", "brand": "shiseido", "price": 35.79, "user_id": "541312140", \
            "user_session": "72d76fde", "event_id": "e-1"}
            """
        let event = try decoder.decode(text).get()
        #expect(event.type == .cart && event.time == 1_569_888_000_000 && event.user == "541312140")
        #expect(event.item == "44600062" && event.categoryID == "2103807459595387724" && event.categoryCode == "a.b")
        #expect(
            event.brand == "shiseido" && event.price == 35.79 && event.session == "72d76fde" && event.eventID == "e-1")
    }

    @Test func absentFieldsAreEmptyAlsoAfterAFullEvent() throws {
        _ = try event(#""brand":"b","price":1,"category_code":"c","category_id":"d","user_session":"s","event_id":"e""#)
        for members in ["", #""brand":null,"price":null,"category_code":"","category_id":null,"user_session":"""#] {
            let plain = try event(members)
            #expect(plain.brand + plain.categoryCode + plain.categoryID + plain.session + plain.eventID == "")
            #expect(plain.price == nil)
        }
    }

    /// Some converters write every column they know, most of them empty.
    @Test(arguments: ["null", "\"\""]) func anAliasCountsWhereTheFieldsOwnNameSaysNothing(_ nothing: String) throws {
        let names = [
            ("event_time", "timestamp"), ("event_type", "type"), ("product_id", "itemid"), ("user_id", "visitorid"),
        ]
        let values = ["1569888000", "\"view\"", "\"1\"", "\"p\""]
        for isFirst in [true, false] {
            let members = zip(names, values).map { names, value in
                let own = "\"\(names.0)\":\(nothing)"
                let alias = "\"\(names.1)\":\(value)"
                return isFirst ? own + "," + alias : alias + "," + own
            }
            let event = try decoder.decode("{" + members.joined(separator: ",") + "}").get()
            #expect(event.user == "p" && event.item == "1" && event.type == .view && event.time == 1_569_888_000_000)
        }
        #expect(try event("\"category\":\"c\",\"category_id\":\(nothing)").categoryID == "c")
        #expect(try event("\"category\":\"c\",\"category_id\":\"d\"").categoryID == "d")
        #expect(try event("\"category_id\":\"d\",\"category\":\"c\"").categoryID == "d")
        // The next event knows nothing of them.
        #expect(try event("\"category_id\":\(nothing)").categoryID == "")
    }

    @Test func whiteSpaceWithCarriageReturnsIsAllowedEverywhere() throws {
        let text = "\r\n{ \"user_id\" :\t\"p\" ,\r\n\"event_type\":\r\n\"view\",\"ts\": 5 , \"item_id\":\r\n7\r\n}\r\n"
        for _ in 0..<2 {
            let event = try decoder.decode(text).get()
            #expect(event.user == "p" && event.item == "7" && event.time == 5000)
        }
    }

    /// The decoder remembers the text between values; what follows it may still vary.
    @Test func rememberedTextMayBeFollowedByAnything() throws {
        for price in ["1", "  1", "\"1\"", " \"1\"", "1.0 ", "\r\n1", "[]", " null", "true", "{\"a\":1}", "1e0"] {
            let found = try event("\"price\":\(price),\"brand\":\"b\"")
            #expect(found.brand == "b", "\(price)")
            #expect((found.price == 1) == price.contains("1") || price.contains("{"), "\(price)")
        }
        #expect(throws: Rejection.self) { try event("\"price\":,\"brand\":\"b\"") }
        #expect(throws: Rejection.self) { try event("\"price\":1x,\"brand\":\"b\"") }
    }

    static let idsFromAnyTextCases: [(String, String)] = [
        ("12", "12"), ("0", "0"), ("-0", "0"), ("-7", "-7"), ("2103807459595387724", "2103807459595387724"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("\"007\"", "007"), ("\" x \"", " x "),
        (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\u00e9\ud83d\ude00""#, "é😀"), ("\"é漢😀\"", "é漢😀"),
        (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
        (#""\u0000""#, "\0"), (#""\uFFFF\u07ff\u0800""#, "\u{FFFF}\u{7FF}\u{800}"),
    ]

    @Test(arguments: idsFromAnyTextCases)
    func idsFromAnyText(_ json: String, _ expected: String) throws {
        let text =
            "{\"user_id\":\(json),\"product_id\":\(json),\"event_type\":\"view\",\"event_time\":1,\"brand\":\(json)}"
        let event = try decoder.decode(text).get()
        #expect(event.user == expected && event.item == expected && event.brand == expected)
    }

    static let badItemsCases: [(String, RejectionCode)] = [
        ("1.5", RejectionCode.badItem), ("1e3", .badItem), ("1.0", .badItem), ("true", .badItem), ("[]", .badItem),
        ("{\"a\":1}", .badItem), ("null", .missingItem), ("\"\"", .missingItem), ("01", .malformedJSON),
        ("- 1", .malformedJSON),
        ("\"\\ud83d\"", .malformedJSON), ("\"\\ude00\"", .malformedJSON), ("\"\\ud83dx\"", .malformedJSON),
        ("\"\\ud83d\\u0041\"", .malformedJSON), ("\"\\u12g4\"", .malformedJSON), ("\"\\a\"", .malformedJSON),
        ("\"\u{1}\"", .malformedJSON), ("\"\n\"", .malformedJSON), ("tru", .malformedJSON), ("falsy", .malformedJSON),
        ("'1'", .malformedJSON),
        ("\"" + String(repeating: "x", count: 257) + "\"", .tooLongID),
    ]

    @Test(arguments: badItemsCases)
    func badItems(_ json: String, _ expected: RejectionCode) {
        let text = "{\"product_id\":\(json),\"user_id\":\"p\",\"event_type\":\"view\",\"event_time\":1}"
        #expect(decoder.code(text) == expected, "\(json)")
    }

    @Test func idsMayHave256Bytes() throws {
        let long = String(repeating: "é", count: 128)
        #expect(try event("\"brand\":\"\(long)\"").brand == long)
        #expect(decoder.code(PoisonTests.event(user: "\"\(long)\"")) == nil)
        #expect(decoder.code(PoisonTests.event(user: "\"\(long)x\"")) == .tooLongID)
    }

    static let pricesCases: [(String, Double)] = [
        ("35.79", 35.79), ("0", 0), ("-0.0", 0), ("1e2", 100), ("\"12.50\"", 12.5), ("0.1", 0.1),
        ("123456789.123456789", 123456789.123456789), ("0.30000000000000004", 0.30000000000000004),
        ("5e-324", .leastNonzeroMagnitude), ("8.5e-23", 8.5e-23), ("1e12", 1e12), ("1000000000000.0", 1e12),
    ]

    /// Prices are read by it, within their bound.
    static let numbersCases: [(String, Double)] = [
        ("9007199254740993", 9_007_199_254_740_992),
        ("1.7976931348623157e308", .greatestFiniteMagnitude),
        ("5e-324", .leastNonzeroMagnitude), ("1e23", 1e23), ("8.5e-23", 8.5e-23),
        ("179769313486231570000000000000000000000.5", 179769313486231570000000000000000000000.5),
    ]

    @Test(arguments: numbersCases)
    func numbers(_ text: String, _ expected: Double) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBufferPointer { DecimalNumber.parse($0.baseAddress!, $0.count) } == expected)
    }

    @Test(arguments: pricesCases)
    func prices(_ json: String, _ expected: Double) throws {
        let price = try #require(try event("\"price\":\(json)").price)
        #expect(price == expected && price.sign == .plus)
    }

    static let absentPricesCases: [String] = [
        "-1", "\"-1\"", "1e999", "1e308", "\"1e308\"", "1000000000000.01", "\"NaN\"", "\"inf\"", "\"\"", "null",
        "\"12,50\"", "\"12 \"", "[]", "true", "\"0x1p3\"", "\"01\"",
    ]

    @Test(arguments: absentPricesCases)
    func absentPrices(_ json: String) throws {
        #expect(try event("\"price\":\(json)").price == nil)
    }

    @Test func theLastDuplicateCountsAndCanonicalNamesComeBeforeAliases() throws {
        #expect(try event(#""user_id":"q""#).user == "q")
        #expect(try event(#""\u0075ser_id":"q""#).user == "q")
        #expect(try event(#""userid":"q""#).user == "p")
        #expect(try decoder.decode(#"{"userid":"q","user_id":"p","type":"buy","ts":1,"item":1}"#).get().user == "p")
        #expect(try decoder.decode(#"{"userid":"q","userId":"r","type":"buy","ts":1,"item":1}"#).get().user == "r")
        #expect(decoder.code(#"{"user_id":"p","user_id":null,"type":"buy","ts":1,"item":1}"#) == .missingUser)
    }

    @Test(arguments: ["timestamp", "ts", "ts_ms", "time"]) func timeAliases(_ name: String) throws {
        let text = "{\"\(name)\":1569888000000,\"event\":\"addtocart\",\"visitorid\":257597,\"itemid\":355908}"
        let event = try decoder.decode(text).get()
        #expect(
            event.type == .cart && event.user == "257597" && event.item == "355908" && event.time == 1_569_888_000_000)
    }

    @Test func typeNamesAreConfigurable() throws {
        let aliases: [(String, EventType)] = [
            ("Gesehen", .view), ("ein_sehr_langer_name_fuer_gekauft", .purchase), ("view", .cart),
        ]
        let names = EventTypeNames(aliases: aliases)
        let decoder = EventDecoder(typeNames: names)
        func type(_ name: String) -> EventType? {
            try? decoder.decode(PoisonTests.event(type: "\"\(name)\"")).get().type
        }
        #expect(type("Gesehen") == .view && type("ein_sehr_langer_name_fuer_gekauft") == .purchase)
        #expect(type("view") == .view, "canonical names keep their meaning")
        #expect(type("gesehen") == nil && type("View") == nil && type("buy") == nil)
        for (name, expected) in EventTypeNames.standardAliases + EventType.allCases.map({ ($0.name, $0) }) {
            #expect(Array(name.utf8).withUnsafeBytes { EventTypeNames.standard.type(of: $0) } == expected, "\(name)")
            #expect(self.decoder.code(PoisonTests.event(type: "\"\(name)\"")) == nil)
        }
        #expect(decoder.code(PoisonTests.event(type: "1")) == .unknownType)
        #expect(decoder.code(PoisonTests.event(type: "null")) == .missingType)
    }

    @Test func userDeletedNeedsNoItem() throws {
        let event = try decoder.decode(#"{"event_type":"user_deleted","user_id":"p","ts":5}"#).get()
        #expect(event.type == .userDeleted && event.item == "")
        #expect(decoder.code(#"{"event_type":"user_deleted","ts":5}"#) == .missingUser)
        #expect(decoder.code(#"{"event_type":"user_deleted","user_id":"p"}"#) == .missingTime)
    }

    @Test func nestingIsBoundedAndChecked() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try event("\"x\":\(nested(63))") }
        #expect(decoder.code("{\"x\":\(nested(64))}") == .tooDeep)
        for bad in [
            "[}", "{]", "[1 2]", "{\"a\"}", "{\"a\":}", "[,]", "[1,]", "{\"a\":1,}", "{1:2}", "[", "{\"a\":[1}]",
        ] {
            #expect(decoder.code("{\"x\":\(bad)}") == .malformedJSON, "\(bad)")
        }
        #expect(throws: Never.self) { try event(#""x":{"a":[{},[],{"b":[null,true,false,-1.5e+3,"\n"]}],"c":""}"#) }
    }
}
