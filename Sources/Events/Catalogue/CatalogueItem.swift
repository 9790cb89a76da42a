/// What the shop says about one item (topic `items`). Low rate, so plain strings.
public struct CatalogueItem: Sendable, Hashable {
    /// Never empty, and at most 256 bytes, where it was decoded.
    public var id: String
    /// Nil where the record does not say it, as category and brand. At most 1,024 bytes of a decoded title; at most 256
    /// of the others.
    public var title: String?
    public var categoryID: String?
    public var categoryCode: String?
    public var brand: String?
    /// In the shop's currency, from 0 to 10¹².
    public var price: Double?
    /// Whether it may be recommended.
    public var isAvailable: Bool

    public init(
        id: String, title: String? = nil, categoryID: String? = nil, categoryCode: String? = nil, brand: String? = nil,
        price: Double? = nil, isAvailable: Bool = true
    ) {
        self.id = id
        self.title = title
        self.categoryID = categoryID
        self.categoryCode = categoryCode
        self.brand = brand
        self.price = price
        self.isAvailable = isAvailable
    }
}

/// One record of the topic `items`.
public enum CatalogueChange: Sendable, Hashable {
    case item(CatalogueItem)
    /// A tombstone: the item is no longer sold.
    case withdrawn(id: String)
}
