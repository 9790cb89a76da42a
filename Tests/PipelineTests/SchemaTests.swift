import Events
import FeatureStore
import Models
import Testing

@testable import Pipeline

/// What the program writes, and what it reads, is as `Config/schemas` says.
struct SchemaTests {
    private func shop(seed: UInt64, events: Int) throws -> SmallShop {
        let shop = SmallShop()
        var stream = SampleStream(seed: seed)
        try shop.apply(stream.take(events))
        // Texts that need escapes, an item without anything, and one with a catalogue entry.
        shop.apply(
            SampleEvent(
                type: .cart, time: stream.start, user: "a \"quoted\"\\ user\n", item: "é\u{1}\t\"", category: "c/\"1\"",
                code: "x", brand: "ü", price: 0.1))
        shop.apply(SampleEvent(time: stream.start + 1, user: "newcomer", item: "bare"))
        try shop.closeBlock()
        try shop.items.applyCatalogue(
            CatalogueItem(id: "item-3", title: "A title", price: 1e12, isAvailable: false), "item-3")
        try shop.items.applyCatalogue(CatalogueItem(id: "no event yet", title: "Another"), "no event yet")
        return shop
    }

    private func expectValid(_ writer: ByteWriter, _ schema: Schema) throws {
        let problems = try schema.problems(writer.bytes)
        #expect(problems.isEmpty, "\(problems.prefix(3)) in \(writer.text)")
    }

    /// The lists of all users, as a worker ranks and encodes them.
    private func lists(_ shop: SmallShop, _ settings: WorkerSettings, body: (ByteWriter) throws -> Void) throws -> Int {
        let ranker = Ranker(table: shop.items.table, rules: settings.rules)
        let encoder = ListEncoder(settings: settings)
        let workspace = QueryWorkspace()
        let users = shop.users
        for user in users {
            workspace.add(shop.store[user], seed: UInt64(user), scale: settings.scale, decay: settings.decay)
        }
        ranker.begin(generation: nil, blend: settings.blend)
        var count = 0
        let writer = ByteWriter()
        try workspace.withQueries { queries in
            try ranker.rank(queries) { place, list, own in
                guard !list.isEmpty || !own.isEmpty else { return }
                count += 1
                let state = shop.store[users[place]]
                let provenance = ListProvenance(
                    partition: 0, offset: state.offset, itemsOffset: shop.items.offset,
                    generation: place.isMultiple(of: 2) ? nil : 4)
                writer.removeAll()
                encoder.encode(
                    user: shop.store.identifiers.bytes(users[place]), time: state.latestTime, items: list, own: own,
                    table: shop.items.table, provenance: provenance, to: writer)
                try body(writer)
            }
        }
        return count
    }

    @Test func listsAreAsTheirSchemaSays() throws {
        let schema = try Schema(named: "list")
        var settings = WorkerSettings()
        settings.seed = .max
        settings.rules.exploration = 0.1
        settings.variant = "with \"quotes\""
        var reasons: Set<String> = []
        let shop = try shop(seed: 3, events: 800)
        let count = try lists(shop, settings) { writer in
            try expectValid(writer, schema)
            let list = try JSONValue(writer.bytes)
            let items = (list["items"]?.array ?? []) + (list["continue_shopping"]?.array ?? [])
            reasons.formUnion(items.compactMap { $0["reason"]?.string })
            let ids = list["items"]?.array?.compactMap { $0["product_id"]?.string } ?? []
            #expect(Set(ids).count == ids.count)
            #expect(!ids.contains("item-3"))
        }
        #expect(count == shop.users.count)
        #expect(reasons.isSuperset(of: ["viewed-next", "in-cart", "viewed", "exploration"]))
    }

    /// Where there is one product, its viewer can be shown nothing else, but may go on with it.
    @Test func aListOfAColdStartIsAsItsSchemaSays() throws {
        let schema = try Schema(named: "list")
        let shop = SmallShop()
        try shop.apply([SampleEvent(time: 1_569_888_000_000, user: "a", item: "only")])
        let count = try lists(shop, WorkerSettings()) { writer in
            try expectValid(writer, schema)
            let list = try JSONValue(writer.bytes)
            #expect(list["items"]?.array?.isEmpty == true)
            #expect(list["continue_shopping"]?.array?.count == 1)
        }
        #expect(count == 1)
    }

    @Test func userRowsAreAsTheirSchemaSays() throws {
        let schema = try Schema(named: "user-features")
        let shop = try shop(seed: 4, events: 800)
        let builder = UserFeatureBuilder()
        let writer = ByteWriter()
        for user in shop.users {
            writer.removeAll()
            let vectors =
                user.isMultiple(of: 2) ? nil : UserVectors(generation: 1, long: [0.25, -1e-9], short: [1e6, 0])
            builder.write(
                user: shop.store.identifiers.bytes(user), state: shop.store[user], table: shop.items.table,
                vectors: vectors, to: writer)
            try expectValid(writer, schema)
        }
    }

    @Test func itemRowsAreAsTheirSchemasSay() throws {
        let features = try Schema(named: "item-features")
        let related = try Schema(named: "related-items")
        let shop = try shop(seed: 5, events: 800)
        let builder = ItemFeatureBuilder()
        let rows = RelatedItems()
        let writer = ByteWriter()
        var relations = 0
        for item in 0..<UInt32(shop.items.table.upperBound) where shop.items.table.attributes(item).isLive {
            writer.removeAll()
            builder.write(item: item, fold: shop.items, to: writer)
            try expectValid(writer, features)
            writer.removeAll()
            relations += rows.write(item: item, fold: shop.items, blend: BlendSettings().sequential, to: writer)
            try expectValid(writer, related)
        }
        #expect(relations > 1000)
    }

    @Test func inputsAreReadAsTheirSchemasSay() throws {
        let schema = try Schema(named: "event")
        let decoder = EventDecoder()
        var event = ShopEvent()
        let valid = [
            #"{"event_time":"2019-10-01 00:00:00 UTC","event_type":"view","product_id":1,"user_id":2,"price":"3.5"}"#,
            #"{"event_time":1569888000,"event_type":"pv","product_id":"a","user_id":"b","brand":null,"more":[1]}"#,
            #"{"event_time":1569888000000,"event_type":"user_deleted","user_id":"b"}"#,
        ]
        for text in valid {
            #expect(schema.problems(try JSONValue(text: text)).isEmpty)
            #expect(Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: &event) } == nil)
        }
        let invalid = [
            #"{"event_type":"view","product_id":1,"user_id":2}"#,
            #"{"event_time":1569888000,"event_type":"view","user_id":2}"#,
            #"{"event_time":1569888000,"event_type":"view","product_id":1.5,"user_id":2}"#,
            #"{"event_time":1569888000,"event_type":"view","product_id":"","user_id":2}"#, "[]",
        ]
        for text in invalid {
            #expect(!schema.problems(try JSONValue(text: text)).isEmpty)
            #expect(Array(text.utf8).withUnsafeBytes { decoder.decode($0, into: &event) } != nil)
        }
        let catalogue = try Schema(named: "catalogue-item")
        let entry = #"{"product_id":"a","title":"T","category_id":7,"price":1,"available":"3","more":{}}"#
        #expect(catalogue.problems(try JSONValue(text: entry)).isEmpty)
        let change = Array(entry.utf8).withUnsafeBytes { CatalogueDecoder().decode(key: nil, value: $0) }
        #expect(
            change
                == .success(.item(CatalogueItem(id: "a", title: "T", categoryID: "7", price: 1, isAvailable: true))))
        let availabilities = ["true", "0", "-2.5", "null", "\"false\"", "\"12\"", "\"\"", "[]", "\"yes\"", "{}"]
        for (index, text) in availabilities.enumerated() {
            let entry = #"{"product_id":"a","available":\#(text)}"#
            let change = Array(entry.utf8).withUnsafeBytes { CatalogueDecoder().decode(key: nil, value: $0) }
            #expect(catalogue.problems(try JSONValue(text: entry)).isEmpty == (index < 7), "\(text)")
            #expect(((try? change.get()) != nil) == (index < 7), "\(text)")
        }
    }

    @Test func deadLetterReasonsAreDocumented() throws {
        let schema = try Schema(named: "dead-letter-headers")
        let documented = schema.root["properties"]?["freshet.reason"]?["enum"]?.array?.compactMap(\.string) ?? []
        #expect(Set(documented) == Set(RejectionCode.allCases.map(\.rawValue)))
    }

    @Test func theValidatorFindsFaults() throws {
        let schema = try Schema(named: "related-items")
        let item = #"{"product_id":"b","score":0.5}"#
        func row(_ items: String, _ rest: String = #""items_offset":0"#) throws -> [String] {
            schema.problems(
                try JSONValue(
                    text: """
                        {"schema_version":1,"product_id":"a","event_time":"2019-10-01T00:00:00.000Z",
                        "items":[\(items)],\(rest)}
                        """))
        }
        #expect(try row(item).isEmpty)
        #expect(try row("").isEmpty)
        #expect(try !row(#"{"product_id":"b"}"#).isEmpty)
        #expect(try !row(#"{"product_id":7,"score":0.5}"#).isEmpty)
        #expect(try !row(#"{"product_id":"b","score":-1}"#).isEmpty)
        #expect(try !row(#"{"product_id":"b","score":1,"x":0}"#).isEmpty)
        #expect(try !row(item, #""items_offset":1.5"#).isEmpty)
        #expect(try !row(item, #""items_offset":1,"schema_version2":2"#).isEmpty)
        #expect(try !row(Array(repeating: item, count: 21).joined(separator: ",")).isEmpty)
        #expect(!Schema(root: .object(["patternProperties": .null])).problems(.null).isEmpty)
    }
}
