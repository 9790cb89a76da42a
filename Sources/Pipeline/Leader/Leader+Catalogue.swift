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
        }
        var moved: [Int32: Int64] = [:]
        var refused: [RefusedRecord] = []
        for partition in catalogueReaders.keys.sorted() {
            guard let reader = catalogueReaders[partition] else { continue }
            var count = 0
            _ = try reader.read(max: 500, timeoutMilliseconds: 0) { record in
                count += 1
                if let rejection = take(record) { refused.append(RefusedRecord(record, rejection)) }
            }
            if count > 0 { moved[partition] = reader.position }
        }
        guard !moved.isEmpty else { return }
        try keep(refused)
        catalogue.merge(moved) { $1 }
        try log.publish(itemsOffset: fold.offset, catalogue: moved)
        for record in refused { catalogueRejections[record.rejection.code, default: 0] += 1 }
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

    /// Writes dead letters; a rebuild beside another deployment writes none, since that one does.
    private func keep(_ refused: [RefusedRecord]) throws(LogError) {
        guard !refused.isEmpty else { return }
        for record in refused {
            notice(
                "catalogue record \(record.partition)@\(record.offset) is a dead letter: "
                    + "\(record.rejection.code.rawValue), \(record.rejection.detail)")
        }
        guard settings.publishesRows else { return }
        let most = try log.bytesMax(.deadLetters)
        for record in refused { record.add(to: log, topic: settings.catalogueTopic, bytesMax: most) }
    }
}

/// A record of the catalogue that says nothing, as it came.
private struct RefusedRecord {
    let rejection: Rejection
    let partition: Int32
    let offset: Int64
    private let key: [UInt8]?
    private let value: [UInt8]?
    private let headers: [DeadLetterOrigin.Header]

    init(_ record: borrowing LogRecord, _ rejection: Rejection) {
        self.rejection = rejection
        partition = record.partition
        offset = record.offset
        key = record.key.map(Array.init)
        value = record.value.map(Array.init)
        headers = record.headers
    }

    func add(to log: any LeaderLog, topic: String, bytesMax: Int) {
        let origin = DeadLetterOrigin(
            code: rejection.code, detail: rejection.detail, topic: topic, partition: partition, offset: offset)
        Self.withBytes(key) { key in
            Self.withBytes(value) { value in
                let letter = origin.letter(key: key, value: value, own: headers, bytesMax: bytesMax)
                log.add(
                    .deadLetters, partition: nil, key: letter.key, value: letter.value, headers: letter.headers)
            }
        }
    }

    private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        // `withUnsafeBytes` gives an empty array no address, which would be taken for none at all.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        body(UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
    }
}
