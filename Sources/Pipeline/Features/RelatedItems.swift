public import Events
public import Models

/// Makes the row of an item's related items ("viewed together"): those that shoppers touched shortly after it and before
/// it, by C[j→i] · n_j^−b · n_i^−a with the exponents of the served blend, available ones only.
///
/// The value of a record of `recommendations.items` (`Config/schemas/related-items.schema.json`). Reused from item to
/// item by one thread, without allocation.
public final class RelatedItems {
    /// The most items of a row.
    public let most = 20

    private let items: UnsafeMutablePointer<IdentifierTable.Number>
    private let scores: UnsafeMutablePointer<Float>

    public init() {
        items = .allocate(capacity: most)
        items.initialize(repeating: IdentifierTable.none, count: most)
        scores = .allocate(capacity: most)
        scores.initialize(repeating: 0, count: most)
    }

    deinit {
        items.deallocate()
        scores.deallocate()
    }

    /// Appends the row of an item as of the fold's place in the item log, and gives the number of items in it.
    ///
    /// The table keeps n_i^−a for one exponent a at a time: give the blend that lists are ranked with.
    @discardableResult
    public func write(
        item: IdentifierTable.Number, fold: ItemFold, blend: BlendSettings.Sequential, to writer: ByteWriter
    ) -> Int {
        let table = fold.table
        let count = select(item, table, blend)
        writer.reserve(128 + count * 96)
        writer.text("{\"schema_version\":1,\"product_id\":")
        JSONText.string(table.identifiers.bytes(item), to: writer)
        writer.text(",\"event_time\":\"")
        JSONText.time(table.latestTime, to: writer)
        writer.text("\",\"items_offset\":")
        JSONText.integer(fold.offset, to: writer)
        writer.text(",\"items\":[")
        for place in 0..<count {
            writer.text(place == 0 ? "{\"product_id\":" : ",{\"product_id\":")
            JSONText.string(table.identifiers.bytes(items[place]), to: writer)
            writer.text(",\"score\":")
            JSONText.decimal(Double(scores[place]), to: writer)
            writer.text("}")
        }
        writer.text("]}")
        return count
    }

    /// The best neighbours, largest score first, ties by the bytes of the identifier.
    private func select(_ item: IdentifierTable.Number, _ table: ItemTable, _ blend: BlendSettings.Sequential) -> Int {
        let covisitation = table.covisitation
        covisitation.setTargetExponent(blend.targetExponent)
        let source = covisitation.sourceNorm(item, exponent: blend.sourceExponent)
        // Without a half-life an item with events has at least one, so its norm is at most 1: most neighbours of a full row
        // are told by their count alone, and nothing else of them has to be fetched.
        let normMax: Float =
            covisitation.settings.halfLifeMilliseconds == 0 && blend.targetExponent >= 0 ? 1 : .infinity
        var count = 0
        covisitation.forEachNeighbour(of: item) { other, visits in
            guard visits > 0, count < most || visits * source * normMax >= scores[count - 1] else { return }
            let score = visits * source * covisitation.targetNorm(other)
            guard score > 0, count < most || precedes(other, score, at: count - 1, table),
                table.isRecommendable(other)
            else { return }
            var place = count < most ? count : most - 1
            while place > 0, precedes(other, score, at: place - 1, table) {
                items[place] = items[place - 1]
                scores[place] = scores[place - 1]
                place -= 1
            }
            items[place] = other
            scores[place] = score
            count = min(count + 1, most)
        }
        return count
    }

    @inline(__always)
    private func precedes(_ item: IdentifierTable.Number, _ score: Float, at place: Int, _ table: ItemTable) -> Bool {
        score != scores[place] ? score > scores[place] : table.identifiers.precedes(item, items[place])
    }
}
