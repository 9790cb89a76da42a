import Events
import Testing

struct CatalogueTests {
    static func decode(_ key: String?, _ value: String?) -> Result<CatalogueChange, Rejection> {
        let decoder = CatalogueDecoder()
        func bytes<T>(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> T) -> T {
            guard let text else { return body(nil) }
            return Array(text.utf8).withUnsafeBytes { body($0) }
        }
        return bytes(key) { key in bytes(value) { decoder.decode(key: key, value: $0) } }
    }

    static func code(_ key: String?, _ value: String?) -> RejectionCode? {
        if case .failure(let rejection) = decode(key, value) { return rejection.code }
        return nil
    }

    @Test func readsAnItem() {
        let value =
            #"{"title":"Ha\u0074 é","category_id":7,"category_code":"a.b","brand":"x","price":"9.50","available":false}"#
        let item = CatalogueItem(
            id: "i1", title: "Hat é", categoryID: "7", categoryCode: "a.b", brand: "x", price: 9.5, isAvailable: false)
        #expect(Self.decode("i1", value) == .success(.item(item)))
        #expect(Self.decode(nil, #"{"item_id":12}"#) == .success(.item(CatalogueItem(id: "12"))))
        #expect(Self.decode("", #"{"product_id":"12","title":null}"#) == .success(.item(CatalogueItem(id: "12"))))
        #expect(Self.decode("12", #"{"product_id":12,"price":-1}"#) == .success(.item(CatalogueItem(id: "12"))))
        #expect(Self.decode("12", #"{"product_id":12,"price":1e13}"#) == .success(.item(CatalogueItem(id: "12"))))
        #expect(Self.decode("i1", nil) == .success(.withdrawn(id: "i1")))
    }

    static let availableCases: [(String, Bool)] = [
        ("true", true), ("0", false), ("3", true), ("\"false\"", false), ("\"1\"", true), ("null", true),
    ]

    @Test(arguments: availableCases)
    func available(_ json: String, _ expected: Bool) {
        let expectedItem = CatalogueItem(id: "i", isAvailable: expected)
        #expect(Self.decode("i", "{\"available\":\(json)}") == .success(.item(expectedItem)))
    }

    @Test func rejects() {
        #expect(Self.code(nil, nil) == .missingItem)
        #expect(Self.code(nil, "{}") == .missingItem)
        #expect(Self.code("i", "") == .emptyValue)
        #expect(Self.code("i", "[]") == .notAnObject)
        #expect(Self.code("i", "{") == .malformedJSON)
        #expect(Self.code("i", #"{"product_id":"j"}"#) == .wrongKey)
        #expect(Self.code("i", #"{"product_id":{}}"#) == .badItem)
        #expect(Self.code("i", #"{"available":"perhaps"}"#) == .badAvailable)
        #expect(Self.code(String(repeating: "i", count: 257), nil) == .tooLongID)
        #expect(Self.code("i", "{\"brand\":\"\(String(repeating: "i", count: 257))\"}") == .tooLongID)
    }

    @Test func cutsLongTitlesAtACharacter() throws {
        let long = "x" + String(repeating: "é", count: 600)
        guard case .item(let item) = try Self.decode("i", "{\"title\":\"\(long)\"}").get() else { return }
        #expect(item.title == "x" + String(repeating: "é", count: 511))
    }
}
