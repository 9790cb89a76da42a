internal import Events
internal import Models

extension Replay {
    /// Takes over the catalogue as it stands now, where there is one: lists are to be made of it, and the leader, from whom
    /// `serve` has it, comes later. What a record says wrongly is the leader's to keep as a dead letter.
    func takeCatalogue(_ reading: any TopicReading) throws(LogError) {
        let decoder = CatalogueDecoder()
        for partition in try reading.partitions(.catalogue) {
            let reader = try reading.reader(.catalogue, partition: partition, from: 0)
            let end = try reader.offsets().upperBound
            var isAtEnd = false
            while !isAtEnd, reader.position < end {
                isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: 100) { record in
                    guard case .success(let change) = decoder.decode(key: record.key, value: record.value) else {
                        return
                    }
                    take(change)
                }
            }
        }
    }

    private func take(_ change: CatalogueChange) {
        var id: String
        var entry: ItemTable.CatalogueEntry?
        switch change {
        case .withdrawn(let withdrawn): id = withdrawn
        case .item(let item):
            id = item.id
            entry = ItemTable.CatalogueEntry(
                title: item.title, category: item.categoryID, categoryCode: item.categoryCode, brand: item.brand,
                price: item.price ?? .nan, isAvailable: item.isAvailable, word: word)
        }
        id.withUTF8 { items.take(entry, of: UnsafeRawBufferPointer($0)) }
    }

    private func word(_ text: String?) -> IdentifierTable.Number {
        var text = text ?? ""
        return text.withUTF8 { word(UnsafeRawBufferPointer($0)) }
    }
}
