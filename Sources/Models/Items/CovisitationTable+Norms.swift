internal import Events

extension CovisitationTable {
    /// Sets the exponent a on the target's count that `targetNorm` uses.
    public func setTargetExponent(_ exponent: Double) {
        guard exponent != targetExponent else { return }
        targetExponent = exponent
        for item in 0..<rowCount { refreshNorm(Item(item)) }
    }

    /// n^−a of an item; 0 for an item without events.
    public func targetNorm(_ item: Item) -> Float {
        guard Int(item) < normCount else { return 0 }
        let norm = targetNorms[Int(item)]
        // Without a half-life there is one epoch only, and no need to look at the row.
        guard settings.halfLifeMilliseconds > 0 else { return norm }
        let shift = epoch - rows[Int(item)].epoch
        return shift <= 0 ? norm : norm * Float(Deterministic.exp2(targetExponent * Double(shift)))
    }

    /// n^−a of each item below `count` by its number, 0 for those without events; nil where counts decay, since norms then
    /// depend on the time of their rows too.
    func targetNorms(below count: Int) -> UnsafePointer<Float>? {
        guard settings.halfLifeMilliseconds == 0 else { return nil }
        growNorms(count)
        return UnsafePointer(targetNorms)
    }

    func growNorms(_ count: Int) {
        guard normCount < count else { return }
        if normCapacity < count {
            normCapacity = max(count, normCapacity * 2)
            let larger = UnsafeMutablePointer<Float>.allocate(capacity: normCapacity)
            larger.moveInitialize(from: targetNorms, count: normCount)
            targetNorms.deallocate()
            targetNorms = larger
        }
        (targetNorms + normCount).initialize(repeating: 0, count: count - normCount)
        normCount = count
    }

    func refreshNorm(_ item: Item) {
        growNorms(rowCount)
        let total = rows[Int(item)].total
        targetNorms[Int(item)] =
            total == 0 ? 0 : Float(Deterministic.pow(Double(total) / Self.one, -targetExponent))
    }

    /// n^−b of an item, the weight of its row as a source; 0 for an item without events.
    public func sourceNorm(_ item: Item, exponent: Double) -> Float {
        let total = total(item)
        return total > 0 ? Float(Deterministic.pow(total, -exponent)) : 0
    }
}
