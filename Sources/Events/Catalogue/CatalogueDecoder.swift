/// Decodes records of the topic `items`, by the same rules as `EventDecoder`. The id is the record's key; without one, the
/// value's `product_id` (or `item_id`). If there are both, they must be the same. `available` may be a truth value, a
/// number (how many there are), or either as a string; the default is true. Titles are cut to 1,024 bytes.
public final class CatalogueDecoder {
    private enum Field: UInt8 {
        case id, title, categoryID, categoryCode, brand, price, available
        static let count = 7
    }

    /// Bytes of a title that are kept.
    public static let titleBytesMax = 1024

    private static let fieldNames: NameTable = {
        let canonical: [(String, Field)] = [
            ("product_id", .id), ("title", .title), ("category_id", .categoryID), ("category_code", .categoryCode),
            ("brand", .brand), ("price", .price), ("available", .available),
        ]
        let aliases: [(String, Field)] = [
            ("item_id", .id), ("itemid", .id), ("itemId", .id), ("productId", .id), ("id", .id), ("name", .title),
            ("category", .categoryID), ("categoryId", .categoryID), ("in_stock", .available),
            ("is_available", .available),
        ]
        return NameTable(
            canonical.map { ($0.0, $0.1.rawValue) }
                + aliases.map { ($0.0, $0.1.rawValue | ObjectScanner.aliasBit) })
    }()

    private let scanner = ObjectScanner()

    public init() {}

    /// - Parameters:
    ///   - key: the record's key; nil or empty if it has none.
    ///   - value: the record's value; nil is a tombstone.
    public func decode(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) -> Result<CatalogueChange, Rejection> {
        var id: String?
        if let key, key.count > 0 {
            if let rejection = Self.check(key) { return .failure(rejection) }
            id = String(decoding: key, as: UTF8.self)
        }
        guard let value else {
            return id.map { .success(.withdrawn(id: $0)) } ?? .failure(Rejection(.missingItem))
        }
        if let rejection = scanner.scan(value, names: Self.fieldNames, fields: Field.count) {
            return .failure(rejection)
        }
        let named = slot(.id)
        if !named.isAbsent {
            guard named.isText else { return .failure(Rejection(.badItem)) }
            let text = String(decoding: named.text, as: UTF8.self)
            if let id, id.utf8.elementsEqual(text.utf8) == false { return .failure(Rejection(.wrongKey)) }
            if let rejection = Self.check(named.text) { return .failure(rejection) }
            id = text
        }
        guard let id else { return .failure(Rejection(.missingItem)) }
        return item(id)
    }

    private func item(_ id: String) -> Result<CatalogueChange, Rejection> {
        for field in [Field.categoryID, .categoryCode, .brand] where slot(field).isText {
            if slot(field).count > EventDecoder.idBytesMax { return .failure(Rejection(.tooLongID)) }
        }
        guard let isAvailable = truth(slot(.available)) else { return .failure(Rejection(.badAvailable)) }
        var item = CatalogueItem(
            id: id, title: text(.title), categoryID: text(.categoryID), categoryCode: text(.categoryCode),
            brand: text(.brand), isAvailable: isAvailable)
        if let title = item.title { item.title = Self.cut(title) }
        let price = slot(.price)
        if price.isNumber || price.kind == .string {
            let value = Price.parse(UnsafePointer(price.start), price.count)
            item.price = value.isNaN ? nil : value
        }
        return .success(.item(item))
    }

    private func slot(_ field: Field) -> ObjectScanner.Slot { scanner.slots[Int(field.rawValue)] }

    private func text(_ field: Field) -> String? {
        let slot = slot(field)
        return slot.isAbsent || !slot.isText ? nil : String(decoding: slot.text, as: UTF8.self)
    }

    private static func check(_ id: UnsafeRawBufferPointer) -> Rejection? {
        if id.count > EventDecoder.idBytesMax { return Rejection(.tooLongID) }
        return UTF8Check.firstFault(id).map { Rejection(.notUTF8, .inKey, $0) }
    }

    private func truth(_ slot: ObjectScanner.Slot) -> Bool? {
        if slot.isAbsent { return true }
        switch slot.kind {
        case .yes: return true
        case .no: return false
        case .string, .integer, .decimal:
            let bytes = UnsafeRawBufferPointer(start: slot.start, count: slot.count)
            if bytes.elementsEqual("true".utf8) { return true }
            if bytes.elementsEqual("false".utf8) { return false }
            return DecimalNumber.parse(UnsafePointer(slot.start), slot.count).map { $0 > 0 }
        default: return nil
        }
    }

    /// At most `titleBytesMax` bytes, whole characters.
    private static func cut(_ title: String) -> String {
        guard title.utf8.count > titleBytesMax else { return title }
        var end = title.utf8.index(title.startIndex, offsetBy: titleBytesMax)
        while end.samePosition(in: title.unicodeScalars) == nil { end = title.utf8.index(before: end) }
        return String(title[..<end])
    }
}
