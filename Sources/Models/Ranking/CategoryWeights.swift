internal import Events

/// The categories among a user's recent items, with their weights; a handful, so kept in a list.
struct CategoryWeights {
    private(set) var entries: [(category: IdentifierTable.Number, weight: Float)] = []
    /// The best score that any item gets from its category.
    var best: Float = 0

    var count: Int { entries.count }

    subscript(_ index: Int) -> (category: IdentifierTable.Number, weight: Float) { entries[index] }

    mutating func add(_ category: IdentifierTable.Number, _ weight: Float) {
        for index in entries.indices where entries[index].category == category {
            entries[index].weight += weight
            return
        }
        entries.append((category, weight))
    }

    func weight(of category: IdentifierTable.Number) -> Float {
        for entry in entries where entry.category == category { return entry.weight }
        return 0
    }
}
