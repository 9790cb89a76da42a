import Events
import Models
import Testing

@testable import Pipeline

/// What the catalogue does to the item table, beside events.
struct CatalogueFoldTests {
    private let fold: ItemFold

    init() { fold = ItemFold(table: ItemTable(settings: .init())) }

    private var table: ItemTable { fold.table }

    private func apply(_ entry: CatalogueItem?, _ id: String, to fold: ItemFold? = nil) throws {
        try (fold ?? self.fold).applyCatalogue(entry, id)
    }

    private func learn(_ id: String, time: Int64, in table: ItemTable? = nil) {
        (table ?? self.table).learnView(id, time: time)
    }

    private func describe(
        _ id: String, category: String = "", code: String = "", brand: String = "", price: Double = .nan, time: Int64
    ) {
        func word(_ text: String) -> UInt32 { text.isEmpty ? IdentifierTable.none : table.words.intern(text) }
        learn(id, time: time)
        table.describe(
            item: table.identifiers.intern(id), category: word(category), categoryCode: word(code), brand: word(brand),
            price: price, time: time)
    }

    /// Title, category, code, brand and price.
    private func described(_ id: String) throws -> [String] {
        let found = table.attributes(try #require(table.identifiers.find(id)))
        return [found.title, found.category, found.categoryCode, found.brand].map {
            $0 == IdentifierTable.none ? "-" : table.words.text($0)
        } + [found.price.isNaN ? "-" : "\(found.price)"]
    }

    /// What is said of an item that the table has no room for yet stands where the room is made.
    @Test func aDescriptionMayBeTheFirstThatIsHeardOfAnItem() throws {
        let item: IdentifierTable.Number = 100_000
        table.describe(
            item: item, category: IdentifierTable.none, categoryCode: IdentifierTable.none,
            brand: table.words.intern("b"), price: 2, time: 1)
        let found = table.attributes(item)
        #expect(found.isLive && table.words.text(found.brand) == "b" && found.price == 2 && found.describedAt == 1)
    }

    @Test func anEntryIsTheWholeOfWhatTheCatalogueSays() throws {
        try apply(CatalogueItem(id: "a", title: "T", categoryID: "c", categoryCode: "d", brand: "b", price: 2), "a")
        #expect(try described("a") == ["T", "c", "d", "b", "2.0"])
        let item = try #require(table.identifiers.find("a"))
        #expect(table.members[Int(table.category(item))] == [item])
        try apply(CatalogueItem(id: "a", brand: "B"), "a")
        #expect(try described("a") == ["-", "-", "-", "B", "-"])
        #expect(table.members.allSatisfy(\.isEmpty) && table.prices.count == 0)
    }

    @Test func eventsFillInWhatTheCatalogueDoesNotName() throws {
        try apply(CatalogueItem(id: "a", brand: "b"), "a")
        describe("a", category: "c", brand: "other", price: 3, time: 100)
        #expect(try described("a") == ["-", "c", "-", "b", "3.0"])
        // What events said is not the catalogue's to clear.
        try apply(CatalogueItem(id: "a", price: 4), "a")
        #expect(try described("a") == ["-", "c", "-", "-", "4.0"])
        describe("a", brand: "other", price: 5, time: 101)
        #expect(try described("a") == ["-", "c", "-", "other", "4.0"])
    }

    @Test func aLateEventDoesNotTakeTheLaterOnesPlace() throws {
        describe("a", category: "new", price: 2, time: 1000)
        describe("a", category: "old", brand: "b", price: 1, time: 500)
        #expect(try described("a") == ["-", "new", "-", "b", "2.0"])
        describe("a", category: "same", time: 1000)
        #expect(try described("a") == ["-", "same", "-", "b", "2.0"])
        // An event that says nothing does not count.
        learn("a", time: 2000)
        describe("a", category: "later", time: 1500)
        #expect(try described("a")[1] == "later")
    }

    @Test func anEntryMovesNoTime() throws {
        learn("a", time: 1000)
        let before = table.hash()
        try apply(CatalogueItem(id: "a"), "a")
        #expect(table.hash() == before && table.latestTime == 1000)
        try apply(CatalogueItem(id: "b", title: "B"), "b")
        let item = try #require(table.identifiers.find("b"))
        #expect(table.isRecommendable(item) && table.latestTime == 1000)
        #expect(table.attributes(item).firstSeen == nil && table.attributes(item).lastSeen == nil)
        learn("b", time: 500)
        #expect(table.attributes(item).firstSeen == 500 && table.attributes(item).lastSeen == 500)
    }

    /// Withdrawn, evicted, seen again: it stays out, also behind a snapshot, until the catalogue has it back.
    @Test(arguments: [false, true]) func aWithdrawalOutlivesEviction(isRestored: Bool) throws {
        var settings = ItemTable.Settings()
        settings.itemsMax = 16
        var fold = ItemFold(table: ItemTable(settings: settings))
        learn("gone", time: 0, in: fold.table)
        try apply(nil, "gone", to: fold)
        try apply(nil, "never seen", to: fold)
        #expect(fold.table.liveCount == 1)
        for item in 0..<20 { for time in 1...3 { learn("i\(item)", time: Int64(time) * 1000, in: fold.table) } }
        let gone = try #require(fold.table.identifiers.find("gone"))
        #expect(!fold.table.attributes(gone).isLive && fold.table.withdrawnCount == 2)
        if isRestored {
            let copy = ItemFold(table: ItemTable(settings: settings))
            #expect(try copy.load(from: fold))
            #expect(copy.table.hash() == fold.table.hash() && copy.table.withdrawnCount == 2)
            fold = copy
        }
        for id in ["gone", "never seen"] {
            learn(id, time: 5000, in: fold.table)
            let item = try #require(fold.table.identifiers.find(id))
            #expect(fold.table.attributes(item).isLive && !fold.table.isRecommendable(item))
            let before = fold.table.hash()
            try apply(CatalogueItem(id: id), id, to: fold)
            #expect(fold.table.isRecommendable(item) && fold.table.hash() != before)
        }
        #expect(fold.table.withdrawnCount == 0)
    }

    /// No more withdrawals are kept than items, the same ones on every instance.
    @Test func withdrawalsAreBounded() throws {
        var settings = ItemTable.Settings()
        settings.itemsMax = 32
        var hashes: [StateHash] = []
        for known in [[], (0..<40).map { "w\($0 * 7 % 40)" }] {
            let fold = ItemFold(table: ItemTable(settings: settings))
            for id in known { _ = fold.table.identifiers.intern(id) }
            for item in 0..<40 { try apply(nil, "w\(item)", to: fold) }
            #expect(fold.table.withdrawnCount <= 32 && fold.table.withdrawnCount > 28)
            hashes.append(fold.table.hash())
        }
        #expect(hashes[0] == hashes[1])
    }
}

extension ItemFold {
    /// Applies an entry of the catalogue as the next record of the item log.
    func applyCatalogue(_ entry: CatalogueItem?, _ id: String) throws {
        let writer = ByteWriter()
        Array(id.utf8).withUnsafeBytes { CatalogueRecord.encode(entry, id: $0, to: writer) }
        try apply(writer.bytes, at: offset)
    }

    /// Takes up a snapshot of another fold; false where that is none.
    func load(from other: ItemFold) throws -> Bool {
        let (chunks, manifest) = ItemSnapshot.encode(other, fingerprint: 7)
        let writer = ByteWriter()
        manifest.encode(to: writer)
        var loader = ItemSnapshot.Loader(into: self, manifest: try ItemSnapshot.Manifest(writer.bytes))
        for chunk in chunks { try chunk.value.withUnsafeBytes { try loader.load($0) } }
        return loader.finish()
    }
}

extension ItemTable {
    /// A view of an item by a user who saw nothing before.
    func learnView(_ id: String, time: Int64) {
        learn(
            item: identifiers.intern(id), type: .view, isNewPair: true, time: time,
            preceding: .init(start: nil, count: 0))
    }
}
