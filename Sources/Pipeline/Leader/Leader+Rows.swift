internal import Events
internal import Models

extension Leader {
    /// How many items are looked at in a round, for rows that name one which was withdrawn or came back: some ms.
    private static let searchedMax = 20_000

    /// Publishes some of the rows that are out of date, at most so many of each kind.
    func publishRows(most: Int) throws(LogError) -> Int {
        guard let fold, fold.changes != nil else { return 0 }
        fold.changes?.searchRows(fold.table, most: Self.searchedMax)
        var published = 0
        for _ in 0..<most {
            let related = fold.changes?.related.take()
            let features = fold.changes?.features.take()
            if let related { publishRelated(related, fold) }
            if let features { publishFeatures(features, fold) }
            if related == nil, features == nil { break }
            published += 1
        }
        if published > 0 { try log.publish(itemsOffset: fold.offset, catalogue: [:]) }
        return published
    }

    /// A row that has become empty takes the place of what it said before. An item that was never seen beside another one
    /// has no row.
    private func publishRelated(_ item: IdentifierTable.Number, _ fold: ItemFold) {
        guard fold.table.covisitation.neighbourCount(item) > 0 else { return }
        writer.removeAll()
        relatedItems.write(
            item: item, fold: fold, blend: (latest?.manifest.blend ?? settings.blend).sequential, to: writer)
        add(.relatedItems, of: item, fold)
    }

    private func publishFeatures(_ item: IdentifierTable.Number, _ fold: ItemFold) {
        writer.removeAll()
        itemFeatures.write(item: item, fold: fold, to: writer)
        add(.itemFeatures, of: item, fold)
    }

    private func add(_ topic: LogTopic, of item: IdentifierTable.Number, _ fold: ItemFold) {
        log.add(
            OutputRecord(
                topic: topic, partition: nil, key: fold.table.identifiers.bytes(item), value: writer.bytes))
    }
}
