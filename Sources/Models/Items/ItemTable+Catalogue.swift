public import Events

extension ItemTable {
    /// What the catalogue says about an item; none and NaN for what it does not name.
    public struct CatalogueEntry {
        public var title = IdentifierTable.none
        public var category = IdentifierTable.none
        public var categoryCode = IdentifierTable.none
        public var brand = IdentifierTable.none
        public var price = Double.nan
        public var isAvailable = true

        public init() {}
    }

    /// Takes over an entry of the catalogue, which is all that the catalogue says: what an earlier one named and this one
    /// does not is unknown again, until an event says it. An entry is no event: it makes an item known, but moves no time.
    /// - Returns: whether the item may stand in lists by now and could not before, or the other way round.
    @discardableResult
    public func catalogue(item: Item, _ entry: CatalogueEntry) -> Bool {
        revive(item)
        let attributes = attributesOfItems + Int(item)
        let wasAvailable = attributes.pointee.isAvailable
        attributes.pointee.set(.withdrawn, !entry.isAvailable)
        attributes.pointee.title = entry.title
        if attributes.pointee.names(.namesCategory, entry.category != IdentifierTable.none) {
            move(item, to: entry.category)
        }
        if attributes.pointee.names(.namesCategoryCode, entry.categoryCode != IdentifierTable.none) {
            attributes.pointee.categoryCode = entry.categoryCode
        }
        if attributes.pointee.names(.namesBrand, entry.brand != IdentifierTable.none) {
            attributes.pointee.brand = entry.brand
        }
        if attributes.pointee.names(.namesPrice, !entry.price.isNaN) { setPrice(item, entry.price) }
        journal.note(item, attributes.pointee.category)
        return wasAvailable != entry.isAvailable
    }

    /// Withdraws an item: it is not recommended until an entry of the catalogue brings it back, even if it is evicted
    /// meanwhile, or if its first event is yet to come.
    /// - Returns: whether it could stand in lists before.
    @discardableResult
    public func withdraw(item: Item) -> Bool {
        reserve(Int(item))
        let attributes = attributesOfItems + Int(item)
        guard attributes.pointee.isAvailable else { return false }
        guard attributes.pointee.isLive else {
            mark(item)
            boundWithdrawals()
            return false
        }
        attributes.pointee.flags.insert(.withdrawn)
        journal.note(item, attributes.pointee.category)
        return true
    }
}
