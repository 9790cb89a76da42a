internal import Events
internal import Models

extension Leader {
    /// Takes the catalogue's changes over into the item log, from where every instance learns them.
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
        for partition in catalogueReaders.keys.sorted() {
            guard let reader = catalogueReaders[partition] else { continue }
            var count = 0
            _ = try reader.read(max: 500, timeoutMilliseconds: 0) { record in
                count += 1
                take(record)
            }
            if count > 0 { moved[partition] = reader.position }
        }
        guard !moved.isEmpty else { return }
        catalogue.merge(moved) { $1 }
        try log.publish(itemsOffset: fold.offset, catalogue: moved)
    }

    private func take(_ record: borrowing LogRecord) {
        writer.removeAll()
        guard (0..<EventTime.end).contains(record.timestamp) else {
            // Written on, it could be read by nobody.
            notice("catalogue record \(record.partition)@\(record.offset) left out: its time is \(record.timestamp)")
            return
        }
        switch catalogueDecoder.decode(key: record.key, value: record.value) {
        case .success(.item(let item)):
            let time = record.timestamp
            var id = item.id
            id.withUTF8 { id in
                CatalogueRecord.encode(item, id: UnsafeRawBufferPointer(id), time: time, to: writer)
            }
        case .success(.withdrawn(var id)):
            let time = record.timestamp
            id.withUTF8 { CatalogueRecord.encode(nil, id: UnsafeRawBufferPointer($0), time: time, to: writer) }
        case .failure(let rejection):
            notice(
                "catalogue record \(record.partition)@\(record.offset) left out: \(rejection.code.rawValue), \(rejection.detail)"
            )
            return
        }
        log.add(.itemLog, partition: 0, key: nil, value: writer.bytes)
    }
}
