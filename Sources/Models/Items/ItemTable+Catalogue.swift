public import Events

extension ItemTable {
    /// What the catalogue says about an item; none and NaN for what it does not name.
    public struct CatalogueEntry {
        /// Title, category, category code and brand are numbers of the table's `words`.
        public var title = IdentifierTable.none
        public var category = IdentifierTable.none
        public var categoryCode = IdentifierTable.none
        public var brand = IdentifierTable.none
        public var price = Double.nan
        public var isAvailable = true

        public init() {}

        /// - Parameter word: the number of a text in the table's words, `IdentifierTable.none` for no text; asked in the order
        ///   in which entries name them.
        public init<Text>(
            title: Text, category: Text, categoryCode: Text, brand: Text, price: Double, isAvailable: Bool,
            word: (Text) -> IdentifierTable.Number
        ) {
            self.title = word(title)
            self.category = word(category)
            self.categoryCode = word(categoryCode)
            self.brand = word(brand)
            self.price = price
            self.isAvailable = isAvailable
        }
    }

    /// What an entry of the catalogue has changed.
    public enum CatalogueEffect {
        case nothing
        case description
        /// The item may stand in lists by now and could not before, or the other way round.
        case availability
    }

    /// Takes over an entry of the catalogue, which is all that the catalogue says: what an earlier one named and this one
    /// does not is unknown again, until an event says it. An entry is no event: it makes an item known, but moves no time.
    @discardableResult
    public func catalogue(item: Item, _ entry: CatalogueEntry) -> CatalogueEffect {
        let isNew = !self.attributes(item).isLive
        revive(item)
        let attributes = attributesOfItems + Int(item)
        let before = attributes.pointee
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
        if before.isAvailable != entry.isAvailable { return .availability }
        return isNew || !attributes.pointee.says(theSameAs: before) ? .description : .nothing
    }

    /// Withdraws an item: it is not recommended until an entry of the catalogue brings it back, even if it is evicted
    /// meanwhile, or if its first event is yet to come.
    @discardableResult
    public func withdraw(item: Item) -> CatalogueEffect {
        reserve(Int(item))
        let attributes = attributesOfItems + Int(item)
        guard attributes.pointee.isAvailable else { return .nothing }
        guard attributes.pointee.isLive else {
            mark(item)
            boundWithdrawals()
            return .nothing
        }
        attributes.pointee.flags.insert(.withdrawn)
        journal.note(item, attributes.pointee.category)
        return .availability
    }
}
