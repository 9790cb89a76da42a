internal import Events
internal import Models

extension Leader {
    /// Takes the catalogue's changes over into the item log, from where every instance learns them, and what is none into
    /// the dead letters.
    func takeCatalogue() throws(LogError) {
        guard let fold else { return }
        if catalogueReaders.isEmpty {
            // Where there is no catalogue, it is looked for now and then.
            guard roundsToCatalogue == 0 else {
                roundsToCatalogue -= 1
                return
            }
            roundsToCatalogue = Self.roundsBetweenLooks
            for partition in try log.partitions(.catalogue) {
                catalogueReaders[partition] = try log.reader(
                    .catalogue, partition: partition, from: catalogue[partition] ?? 0)
            }
            if !catalogueReaders.isEmpty { letterBytesMax = try log.bytesMax(.deadLetters) }
        }
        var moved: [Int32: Int64] = [:]
        var refused: [RejectionCode] = []
        for partition in catalogueReaders.keys.sorted() {
            guard let reader = catalogueReaders[partition] else { continue }
            var count = 0
            _ = try reader.read(max: 500, timeoutMilliseconds: 0) { record in
                count += 1
                guard let rejection = take(record)?.namingCodec(of: record) else { return }
                keep(record, rejection)
                refused.append(rejection.code)
            }
            if count > 0 { moved[partition] = reader.position }
        }
        guard !moved.isEmpty else { return }
        catalogue.merge(moved) { $1 }
        try log.publish(itemsOffset: fold.offset, catalogue: moved)
        for code in refused { catalogueRejections[code, default: 0] += 1 }
    }

    /// Adds what a record says to the item log, or tells why it says nothing. Its Kafka timestamp counts for nothing: an
    /// entry of the catalogue holds from its place in the log on.
    private func take(_ record: borrowing LogRecord) -> Rejection? {
        writer.removeAll()
        let entry: CatalogueItem?
        var id: String
        switch catalogueDecoder.decode(key: record.key, value: record.value) {
        case .success(.item(let item)): (entry, id) = (item, item.id)
        case .success(.withdrawn(let withdrawn)): (entry, id) = (nil, withdrawn)
        case .failure(let rejection): return rejection
        }
        id.withUTF8 { CatalogueRecord.encode(entry, id: UnsafeRawBufferPointer($0), to: writer) }
        log.add(.itemLog, partition: 0, key: nil, value: writer.bytes)
        return nil
    }

    /// Adds a dead letter; a rebuild beside another deployment writes none, since that one does.
    private func keep(_ record: borrowing LogRecord, _ rejection: Rejection) {
        notice(
            "catalogue record \(record.partition)@\(record.offset) is a dead letter: \(rejection.code.rawValue), "
                + "\(rejection.detail)")
        guard settings.publishesRows else { return }
        let origin = DeadLetterOrigin(
            code: rejection.code, detail: rejection.detail, topic: settings.catalogueTopic,
            partition: record.partition, offset: record.offset)
        let letter = origin.letter(
            key: record.key, value: record.value, own: record.headers, bytesMax: letterBytesMax)
        log.add(.deadLetters, partition: nil, key: letter.key, value: letter.value, headers: letter.headers)
    }
}
