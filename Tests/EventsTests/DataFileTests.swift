import Events
import Testing

struct DataFileTests {
    struct Line: Equatable {
        var number: Int
        var event: Decoded?
        var code: RejectionCode?
        var value: String
    }

    /// Reads a file in pieces of `piece` bytes.
    static func read(_ text: String, _ format: DataFormat, piece: Int = .max, rule: RatingRule = .standard) -> [Line] {
        let reader = DataFileReader(format: format, rule: rule)
        var lines: [Line] = []
        func keep(_ record: DataRecord) {
            var value: [UInt8] = []
            record.appendValue(to: &value)
            var line = Line(number: record.line, value: String(decoding: value, as: UTF8.self))
            switch record.content {
            case .event(let event): line.event = Decoded(event)
            case .rejected(let rejection): line.code = rejection.code
            }
            lines.append(line)
        }
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = piece < bytes.count - start ? start + piece : bytes.count
            bytes[start..<end].withUnsafeBytes { reader.read($0, keep) }
            start = end
        }
        reader.finish(keep)
        return lines
    }

    static func detect(_ text: String) -> DataFormat? {
        Array(text.utf8).withUnsafeBytes { DataFormat.detect(prefix: $0) }
    }

    static let rees46 = """
        event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\r
        2019-10-01 00:00:00 UTC,view,44600062,2103807459595387724,,shiseido,35.79,541312140,72d76fde-8bb3\r
        2019-10-01 00:00:01 UTC,purchase,1,2,"a.""b"",c",wörwag,,5,s\r
        \r
        2019-10-01 00:00:02 UTC,teleport,1,2,,,1.00,5,s\r
        yesterday,view,1,2,,,1.00,5,s\r
        2019-10-01 00:00:03 UTC,view,,2,,,1.00,5,s\r
        2019-10-01 00:00:03 UTC,cart,9
        """

    @Test func rees46Table() throws {
        #expect(Self.detect(Self.rees46) == .rees46)
        #expect(Self.detect("\u{FEFF}" + Self.rees46) == .rees46)
        let lines = Self.read(Self.rees46, .rees46)
        #expect(lines.map(\.number) == [2, 3, 5, 6, 7, 8])
        #expect(lines.map(\.code) == [nil, nil, .unknownType, .badTime, .missingItem, .missingUser])
        let first = try #require(lines[0].event)
        #expect(
            first.time == 1_569_888_000_000 && first.type == .view && first.item == "44600062" && first.price == 35.79)
        #expect(first.user == "541312140" && first.session == "72d76fde-8bb3" && first.categoryCode == "")
        let second = try #require(lines[1].event)
        #expect(second.categoryCode == "a.\"b\",c" && second.price == nil && second.brand == "wörwag")
        let expected =
            #"{"event_time":"2019-10-01T00:00:00.000Z","event_type":"view","product_id":"44600062","#
            + #""category_id":"2103807459595387724","brand":"shiseido","price":35.79,"user_id":"541312140","#
            + #""user_session":"72d76fde-8bb3"}"#
        #expect(lines[0].value == expected)
    }

    @Test func theValueOfEachLineDecodesToItsEvent() throws {
        let decoder = EventDecoder()
        for line in Self.read(Self.rees46, .rees46) {
            guard let event = line.event else {
                #expect(line.value == "")
                continue
            }
            #expect(try decoder.decode(line.value).get() == event)
        }
        // Times of 1970 would be taken for seconds, and controls and quotes need escapes.
        let odd = "user_id\titem_id\ttype\tts\nu\u{1}\\\ti\"\tpv\t12.034\n"
        let line = try #require(Self.read(odd.replacing("\"", with: "\"\"\"\""), .table).first)
        #expect(line.event?.time == 12_034 && line.event?.user == "u\u{1}\\" && line.event?.item == "i\"")
        #expect(try decoder.decode(line.value).get() == line.event)
    }

    @Test func piecesOfAnySizeGiveTheSame() {
        let whole = Self.read(Self.rees46, .rees46)
        for piece in [1, 2, 3, 7, 64, 100] { #expect(Self.read(Self.rees46, .rees46, piece: piece) == whole) }
    }

    @Test func taobao() throws {
        let published = "1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n"
        #expect(Self.detect(published) == .taobao)
        let lines = Self.read(published, .taobao)
        #expect(lines.count == 2)
        let first = try #require(lines[0].event)
        #expect(first.user == "1" && first.item == "2268318" && first.categoryID == "2520377" && first.type == .view)
        #expect(first.time == 1_511_544_070_000 && lines[1].event?.type == .purchase)
        let table = "ts_ms,event_type,user_id,item_id,category_id,price\n1505117799000,favourite,7,8,9,\n"
        #expect(Self.detect(table) == .taobao)
        let event = try #require(Self.read(table, .taobao).first?.event)
        #expect(event.type == .cart && event.user == "7" && event.item == "8" && event.time == 1_505_117_799_000)
        #expect(event.price == nil && event.categoryID == "9")
        let absurd = try #require(Self.read(table.replacing("9,\n", with: "9,1e308\n"), .taobao).first?.event)
        #expect(absurd.price == nil)
    }

    @Test func retailRocket() throws {
        let text = "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"
        #expect(Self.detect(text) == .retailRocket)
        let event = try #require(Self.read(text, .retailRocket).first?.event)
        #expect(event.user == "257597" && event.item == "355908" && event.time == 1_433_221_332_117)
    }

    @Test func movieLens() {
        let files = [
            "196\t242\t3\t881250949\n186\t302\t5\t891717742\n", "196::242::3::881250949\n186::302::5::891717742\n",
            "userId,movieId,rating,timestamp\r\n196,242,3.0,881250949\r\n186,302,4.5,891717742\r\n",
        ]
        for file in files {
            #expect(Self.detect(file) == .movieLens)
            let lines = Self.read(file, .movieLens)
            #expect(lines.map { $0.event?.type } == [.view, .purchase])
            #expect(lines.map { $0.event?.user } == ["196", "186"] && lines.map { $0.event?.item } == ["242", "302"])
            #expect(lines[0].event?.time == 881_250_949_000)
            #expect(Self.read(file, .movieLens, rule: .positives).map { $0.event?.user } == ["186"])
            let carts = Self.read(file, .movieLens, rule: RatingRule(cartFrom: 3))
            #expect(carts.map { $0.event?.type } == [.cart, .purchase])
        }
    }

    @Test func jsonLinesGoOnUnchanged() {
        let line = #"{"ts": 1569888000, "type":"pv", "user": 7, "item":8, "mine":[1]}"#
        #expect(Self.detect("\n  " + line) == .jsonLines)
        let lines = Self.read(line + "\r\n\r\n{}\n" + line, .jsonLines)
        #expect(lines.map(\.code) == [nil, .missingType, nil])
        #expect(lines[0].value == line && lines[2].value == line && lines[2].event?.user == "7")
        #expect(lines[2].number == 4)
    }

    @Test func detectionRefusesWhatItDoesNotKnow() {
        for text in ["", "\n\n", "hello", "a,b,c\n1,2,3\n", "user_id,event_type\n1,view\n", "1,2,3,4,5\n", "1 2 3\n"] {
            #expect(Self.detect(text) == nil, "\(text)")
        }
        #expect(Self.detect("time,userId,itemId,event\n1,2,3,view\n") == .table)
        #expect(Self.detect("\"event_time\",\"event_type\",\"product_id\",\"user_id\"\n") == .rees46)
    }
}
