internal import Linear

extension CovisitationTable {
    /// n^−b of an item, the weight of its row as a source; 0 for an item without events.
    public func sourceNorm(_ item: Item, exponent: Double) -> Float {
        let total = total(item)
        return total > 0 ? Float(Deterministic.pow(total, -exponent)) : 0
    }
}
