import Events
import Models
import Testing

@testable import Pipeline

/// What a leader makes of the catalogue: entries of the item log, dead letters, rows.
struct LeaderCatalogueTests {
    private let log = LeaderShopLog()
    private let clock = Clock()

    private final class Clock { var now: UInt64 = 5 }
    /// Far later than the events.
    private static let today: Int64 = 1_800_000_000_000
    private static let start: Int64 = 1_569_888_000_000

    private func leader(_ change: (inout Leader.Settings) -> Void = { _ in }) -> Leader {
        var settings = Leader.Settings()
        settings.catalogueTopic = "goods"
        change(&settings)
        return Leader(settings: settings, log: log, clock: { [clock] in clock.now })
    }

    private func settle(_ leader: Leader) throws {
        for _ in 0..<12 { _ = try leader.step(timeoutMilliseconds: 0) }
    }

    /// Writes what shoppers did into the item log: each of them looks at two items, one after the other.
    private func visit(_ pairs: [(String, String)], at time: Int64, from offset: Int64 = 0) throws {
        let shop = SmallShop()
        shop.offset = offset
        shop.block.begin(first: offset)
        for (user, (first, second)) in pairs.enumerated() {
            shop.apply(SampleEvent(time: time, user: "u\(user)-\(time)", item: first))
            shop.apply(SampleEvent(time: time + 1, user: "u\(user)-\(time)", item: second))
        }
        let writer = ByteWriter()
        shop.block.finish(partition: 0, end: shop.offset, to: writer)
        log.topics.append(.itemLog, 0, key: nil, value: Array(writer.bytes))
    }

    private func rows(_ topic: LogTopic, _ key: String) -> [String] {
        log.rows.filter { $0.topic == topic && $0.key == key }.map(\.value)
    }

    @Test func whatSaysNothingIsADeadLetter() throws {
        let leader = leader()
        leader.notice = {
            #expect(!$0.contains("dead letter"), "a bad catalogue is counted, not said record by record")
        }
        log.catalogue = [
            .init("a", #"{"title":"A"}"#), .init("b", "{"), .init("c", #"{"product_id":"d"}"#), .init("", nil),
            .init("e", #"{"available":"maybe"}"#), .init("f", ""), .init(nil, #"{"title":"no key"}"#),
            .init("late", #"{"title":"L"}"#, timestamp: -1), .init("early", "{}", timestamp: .max),
        ]
        try settle(leader)
        #expect(log.position == 9)
        let expected: [(Int, RejectionCode)] = [
            (1, .malformedJSON), (2, .wrongKey), (3, .missingItem), (4, .badAvailable), (5, .emptyValue),
            (6, .missingItem),
        ]
        #expect(log.letters.count == expected.count)
        for (letter, (place, code)) in zip(log.letters, expected) {
            #expect(letter.key == log.catalogue[place].key && letter.value == log.catalogue[place].value)
            #expect(letter.headers["freshet.reason"] == code.rawValue)
            #expect(letter.headers["freshet.topic"] == "goods" && letter.headers["freshet.partition"] == "0")
            #expect(letter.headers["freshet.offset"] == "\(place)")
            #expect(letter.headers["freshet.detail"]?.isEmpty == false)
            #expect(RejectionCode.ofCatalogue.contains(code))
        }
        #expect(leader.catalogueRejections[.missingItem] == 2 && leader.catalogueRejections.count == 5)
        // A record's own time counts for nothing, so none of them is wrong.
        let table = try #require(leader.fold).table
        for id in ["a", "late", "early"] { #expect(table.isRecommendable(try #require(table.identifiers.find(id)))) }
    }

    /// As of an event: the header says what the value is, and the detail which part of the record is wrong.
    @Test func aLetterSaysWhatTheRecordIs() throws {
        let leader = leader()
        log.catalogue = [
            .init("p0", "\0\u{1}", headers: [("content-type", Array("application/avro".utf8))]),
            .init("p0", "\0\u{1}", headers: [("content-type", Array("application/json".utf8))]),
        ]
        log.catalogue.append(.init("x", "{}"))
        log.catalogue[2].key = [0x61, 0xFF]
        try settle(leader)
        #expect(
            log.letters.map { $0.headers["freshet.reason"] } == ["unknown-codec", "malformed-json", "not-utf8"])
        #expect(log.letters.last?.headers["freshet.detail"] == "in the key, byte 1: not valid UTF-8")
    }

    /// Letter and position are published together: no position passes a record whose letter the topic does not have.
    @Test func aLetterGoesWithThePosition() throws {
        log.failsToPublish = true
        log.catalogue = [.init("b", "{")]
        let first = leader()
        #expect(throws: LogError.self) { try settle(first) }
        #expect(log.position == 0 && log.letters.isEmpty && first.catalogueRejections.isEmpty)
        log.failsToPublish = false
        let second = leader()
        try settle(second)
        #expect(log.position == 1 && log.letters.contains { $0.headers["freshet.reason"] == "malformed-json" })
        #expect(second.catalogueRejections == [.malformedJSON: 1])
    }

    @Test func aRebuildBesideWritesNoLetter() throws {
        log.catalogue = [.init("b", "{")]
        let leader = leader { $0.publishesRows = false }
        try settle(leader)
        #expect(log.position == 1 && log.letters.isEmpty && leader.catalogueRejections[.malformedJSON] == 1)
    }

    /// A catalogue that is loaded today beside the events of years ago.
    @Test func theCatalogueIsNoEvent() throws {
        let leader = leader()
        try visit([("a", "b")], at: Self.start)
        try settle(leader)
        let table = try #require(leader.fold).table
        let a = try #require(table.identifiers.find("a"))
        let popularity = table.popularity.value(a, column: 0)
        let before = try #require(rows(.itemFeatures, "a").last)
        log.catalogue = [
            .init("a", #"{"title":"A"}"#, timestamp: Self.today),
            .init("new", #"{"title":"N"}"#, timestamp: Self.today),
            // The same once more, as in a nightly dump: nothing goes out.
            .init("a", #"{"title":"A"}"#, timestamp: Self.today), .init("b", "{}", timestamp: Self.today),
        ]
        try settle(leader)
        #expect(table.latestTime == Self.start + 1 && table.popularity.value(a, column: 0) == popularity)
        let after = try #require(rows(.itemFeatures, "a").last)
        #expect(rows(.itemFeatures, "a").count == 2 && rows(.itemFeatures, "b").count == 1)
        // But for the place in the item log, and what the catalogue says.
        #expect(
            after.replacing("\"items_offset\":5", with: "\"items_offset\":1").replacing(",\"title\":\"A\"", with: "")
                == before)
        let new = try #require(rows(.itemFeatures, "new").last)
        #expect(new.contains("\"event_time\":\"2019-10-01T00:00:00.001Z\"") && !new.contains("_seen"))
        #expect(new.contains(#""events_per_day":{"view":0,"#))
        try visit([("a", "new")], at: Self.start + 5, from: 2)
        try settle(leader)
        #expect(log.rows.allSatisfy { !$0.value.contains("2027") })
        let item = try #require(table.identifiers.find("new"))
        #expect(table.attributes(item).firstSeen == Self.start + 6 && table.latestTime == Self.start + 6)
    }

    /// Rows that named a withdrawn item are replaced at once, even where nothing is left in them.
    @Test func rowsStopNamingWhatIsWithdrawn() throws {
        let leader = leader()
        try visit([("a", "b"), ("c", "b"), ("c", "d")], at: Self.start)
        try settle(leader)
        #expect(rows(.relatedItems, "a").last?.contains(#""product_id":"b""#) == true)
        #expect(rows(.relatedItems, "c").last?.contains(#""product_id":"b""#) == true)
        log.catalogue = [.init("b", nil)]
        try settle(leader)
        #expect(!leader.hasRowsToPublish)
        #expect(rows(.relatedItems, "a").last?.hasSuffix(#""items":[]}"#) == true)
        #expect(rows(.relatedItems, "c").last?.contains(#""product_id":"b""#) == false)
        #expect(rows(.relatedItems, "c").last?.contains(#""product_id":"d""#) == true)
        #expect(rows(.relatedItems, "d").count == 1)
        #expect(rows(.itemFeatures, "b").last?.contains(#""available":false"#) == true)
        log.catalogue.append(.init("b", "{}"))
        try settle(leader)
        #expect(rows(.relatedItems, "a").last?.contains(#""product_id":"b""#) == true)
    }

    @Test func eachKindOfRowHasItsInterval() throws {
        let leader = leader {
            $0.relatedIntervalMilliseconds = 10_000
            $0.featuresIntervalMilliseconds = 1_000
        }
        var offset: Int64 = 0
        for time in stride(from: Int64(0), through: 20_000, by: 500) {
            try visit([("a", "b")], at: Self.start + time, from: offset)
            offset += 2
            try settle(leader)
        }
        #expect(rows(.itemFeatures, "a").count == 21)
        #expect(rows(.relatedItems, "a").count == 3)
    }

    /// Where records never pause, a reader is never told that it is at the end.
    @Test func rowsAndSnapshotsDoNotWaitForTheEnd() throws {
        try visit([("a", "b"), ("a", "c")], at: Self.start)
        log.hidesEnd = true
        let leader = leader { $0.snapshotBytes = 1 }
        try settle(leader)
        #expect(leader.isCaughtUp && !leader.hasRowsToPublish)
        #expect(rows(.itemFeatures, "a").count == 1 && rows(.relatedItems, "a").count == 1)
        #expect(try log.reader(.snapshots, partition: 0, from: 0).offsets().upperBound > 0)
    }

    @Test func snapshotsHaveThePiecesThatTheirTopicTakes() throws {
        try visit((0..<40).map { ("item \($0)", "item \($0 + 1)") }, at: Self.start)
        log.limits[.snapshots] = 3000
        let leader = leader { $0.snapshotBytes = 1 }
        try settle(leader)
        let records = log.topics.read(.snapshots, 0, from: 0, max: 1000).records
        #expect(records.count > 2 && records.allSatisfy { ($0.value?.count ?? 0) <= 3000 })
    }

    /// The group does not subscribe to the catalogue's topic, so what it committed there expires where nobody says it again.
    @Test func thePositionIsCommittedAgainWithEachSnapshot() throws {
        log.catalogue = [.init("a", #"{"title":"A"}"#)]
        let leader = leader()
        try settle(leader)
        #expect(log.position == 1)
        log.forgetPosition()
        try leader.snapshot()
        #expect(log.position == 1)
        log.forgetPosition()
        try leader.keepPositions()
        #expect(log.position == 1)
    }

    @Test func aCatalogueThatIsTakenAwayStopsNothing() throws {
        let leader = leader()
        log.catalogue = [.init("a", #"{"title":"A"}"#)]
        try settle(leader)
        log.catalogueFails = true
        try settle(leader)
        log.catalogueFails = false
        log.catalogue.append(.init("b", #"{"title":"B"}"#))
        // It is looked for by time, however many rounds that takes.
        for _ in 0..<2000 { _ = try leader.step(timeoutMilliseconds: 0) }
        #expect(log.position == 1)
        clock.now += Leader.millisecondsBetweenLooks
        try settle(leader)
        #expect(log.position == 2)
    }
}
