internal import Events
internal import Models

extension Leader {
    /// Takes the catalogue's changes over into the item log, from where every instance learns them, and what is none into
    /// the dead letters.
    func takeCatalogue() throws(LogError) {
        guard let fold else { return }
        try lookForCatalogue()
        var moved: [Int32: Int64] = [:]
        var refused: [RejectionCode] = []
        for partition in catalogueReaders.keys.sorted() {
            guard let reader = catalogueReaders[partition] else { continue }
            var count = 0
            do throws(LogError) {
                _ = try reader.read(max: 500, timeoutMilliseconds: 0) { record in
                    count += 1
                    guard let rejection = take(record)?.namingCodec(of: record) else { return }
                    keep(record, rejection)
                    refused.append(rejection.code)
                }
            } catch {
                guard error.kind == .fatal else { throw error }
                // A catalogue that is taken away is no reason to stop; one that comes back is found.
                notice("the catalogue is not read for now: \(error.message)")
                catalogueReaders[partition] = nil
            }
            if count > 0 { moved[partition] = reader.position }
        }
        guard !moved.isEmpty else { return }
        catalogue.merge(moved) { $1 }
        try log.publish(itemsOffset: fold.offset, catalogue: moved)
        for code in refused { catalogueRejections[code, default: 0] += 1 }
    }

    /// Opens the partitions that are not being read yet, now and then: there may be no catalogue, or one that grows.
    private func lookForCatalogue() throws(LogError) {
        // By time: a busy leader does a thousand rounds while an idle one does ten.
        let now = clock()
        guard now >= looksAt else { return }
        looksAt = now + Self.millisecondsBetweenLooks
        let partitions = try log.partitions(.catalogue)
        if catalogueReaders.isEmpty, !partitions.isEmpty { letterBytesMax = try log.bytesMax(.deadLetters) }
        for partition in partitions where catalogueReaders[partition] == nil {
            catalogueReaders[partition] = try log.reader(
                .catalogue, partition: partition, from: catalogue[partition] ?? 0)
        }
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
        log.add(OutputRecord(topic: .itemLog, partition: 0, key: nil, value: writer.bytes))
        return nil
    }

    /// Adds a dead letter; a rebuild beside another deployment writes none, since that one does.
    private func keep(_ record: borrowing LogRecord, _ rejection: Rejection) {
        guard settings.publishesRows else { return }
        let origin = DeadLetterOrigin(
            code: rejection.code, detail: rejection.detail, topic: settings.catalogueTopic,
            partition: record.partition, offset: record.offset)
        let letter = origin.letter(
            key: record.key, value: record.value, own: record.headers, bytesMax: letterBytesMax)
        log.add(
            OutputRecord(
                topic: .deadLetters, partition: nil, key: letter.key, value: letter.value, headers: letter.headers))
    }
}
