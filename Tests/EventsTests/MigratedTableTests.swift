import Testing

@testable import Events

/// Tables as those have them who come from other recommenders.
@Suite struct MigratedTableTests {
    private static func complaint(_ text: String) -> String? {
        Array(text.utf8).withUnsafeBytes { DataFormat.complaint(prefix: $0) }
    }

    /// Without types all events are views.
    @Test func aTableWithoutTypesIsOfViews() {
        let text = "user_id,item_id,timestamp\nu,1,1569888000\nv,2,1569888001\n"
        #expect(DataFileTests.detect(text) == .table)
        let lines = DataFileTests.read(text, .table)
        #expect(lines.map(\.code) == [nil, nil] && lines.allSatisfy { $0.event?.type == .view })
    }

    /// Gorse's names; a type of its own is still unknown.
    @Test func feedbackOfGorse() {
        let text = """
            feedback_type,user_id,item_id,time_stamp
            click,u,1,2020-01-01 00:00:00
            star,u,2,2020-01-01 00:00:00
            """
        #expect(DataFileTests.detect(text) == .table)
        #expect(DataFileTests.read(text, .table).map(\.code) == [nil, .unknownType])
    }

    /// RecBole's columns carry their types.
    @Test func interactionsOfRecBole() {
        let rated = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t5\t881250949.0\n"
        #expect(DataFileTests.detect(rated) == .movieLens)
        #expect(DataFileTests.read(rated, .movieLens).map { $0.event?.type } == [.purchase])
        let plain = "user_id:token\titem_id:token\ttimestamp:float\n1\t2\t881250949\n"
        #expect(DataFileTests.detect(plain) == .table)
        #expect(DataFileTests.read(plain, .table).map { $0.event?.user } == ["1"])
    }

    @Test(arguments: [";", "\t"]) func otherSeparators(_ separator: String) {
        let text = "user_id,item_id,type,time,category\nu,1,cart,1569888000,\"a,b\"\n"
        let parted = text.split(separator: "\"a,b\"").map { $0.replacing(",", with: separator) }.joined(
            separator: "\"a,b\"")
        #expect(DataFileTests.detect(parted) == .table)
        let lines = DataFileTests.read(parted, .table)
        #expect(lines.count == 1 && lines[0].event?.item == "1" && lines[0].event?.type == .cart)
    }

    /// Of what cannot be read the columns are named, and what is wanted of them.
    @Test func whatIsMissingIsNamed() throws {
        let untimed = try #require(Self.complaint("user_id;item_id;stars\n1;2;3\n"))
        #expect(
            untimed == "a table of 'user_id', 'item_id', 'stars', in which no column is a time (event_time, timestamp)")
        let unknown = try #require(Self.complaint("customer,sku\n1,2\n"))
        #expect(unknown.contains("'customer', 'sku'") && unknown.contains("a user (user_id), or an item"))
        #expect(Self.complaint("1,2,4,1569888000\n")?.contains("without a header") == true)
        #expect(Self.complaint("hello\n") == nil && Self.complaint("") == nil)
    }

    /// Four columns of tabs are MovieLens' only where the other rows have four.
    @Test func linesOfItemsAreNoRatings() {
        #expect(DataFileTests.detect("0\t1\t2\t3\n1\t4\n2\t5\t6\n") == nil)
        #expect(DataFileTests.detect("1\t10\t5\t1\n1\t11\t2\t2\n") == .movieLens)
        #expect(DataFileTests.detect("1\t10\t5\t1\n") == .movieLens)
    }
}
