internal import Events

/// What an event says about its item.
struct ItemDescription {
    var category = IdentifierTable.none
    var code = IdentifierTable.none
    var brand = IdentifierTable.none
    var price = Double.nan

    var isEmpty: Bool {
        category == IdentifierTable.none && code == IdentifierTable.none && brand == IdentifierTable.none && price.isNaN
    }

    /// Equal, an absent price being equal to another.
    func isSame(as other: ItemDescription) -> Bool {
        category == other.category && code == other.code && brand == other.brand
            && (price == other.price || (price.isNaN && other.price.isNaN))
    }
}
