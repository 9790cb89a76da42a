internal import Events
internal import Models

extension Worker {
    /// Folds one record into state, or sends it to the dead letters.
    func take(_ record: borrowing LogRecord) {
        guard let worker = partitions[record.partition], worker.isLive else { return }
        // A record that was delivered before is no news: librdkafka may repeat some after a pause.
        guard record.offset >= worker.position else {
            counters.duplicates += 1
            return
        }
        worker.position = record.offset + 1
        switch learn(record, worker) {
        case .learnt(let lesson):
            counters.events += 1
            if let found = worker.lastLists.take(lesson.user, findingItem: itemNumber), lesson.isNewPair {
                liveQuality.add(found)
            }
            worker.block.add(
                event, item: itemNumber, isNewPair: lesson.isNewPair,
                preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount),
                offset: record.offset)
            if record.offset < worker.doubtfulUntil { worker.store.forgetList(lesson.user) }
            worker.touch(lesson.user)
            if worker.block.byteCount >= blockBytes { closeBlock(worker) }
        case .duplicate:
            counters.duplicates += 1
        case .erased(let existed):
            counters.events += 1
            counters.erased += 1
            erase(event.user, worker, hadState: existed)
        case .rejected(let rejection):
            counters.rejected += 1
            counters.rejections[rejection.code, default: 0] += 1
            reject(record, rejection)
        }
    }

    enum Learning {
        case learnt(UserFold.Lesson)
        case duplicate
        case erased(Bool)
        case rejected(Rejection)
    }

    /// Decodes and applies a record to its user; the event stays in `event`, its item's number in `itemNumber`.
    func learn(_ record: borrowing LogRecord, _ worker: PartitionWorker) -> Learning {
        guard let value = record.value, value.count > 0 else { return .rejected(Rejection(.emptyValue)) }
        if let rejection = decoder.decode(value, into: &event) { return .rejected(rejection) }
        let key = record.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
        if let rejection = admission.admit(&event, key: key, recordTime: record.timestamp) {
            return .rejected(rejection)
        }
        worker.store.prefetch(event.user)
        itemNumber = event.type == .userDeleted ? IdentifierTable.none : items.table.identifiers.intern(event.item)
        switch fold.apply(event, item: itemNumber, offset: record.offset, to: worker.store) {
        case .learnt(let lesson): return .learnt(lesson)
        case .duplicate: return .duplicate
        case .erased(let existed): return .erased(existed)
        }
    }

    /// Takes back everything that was written about a user.
    private func erase(_ user: UnsafeRawBufferPointer, _ worker: PartitionWorker, hadState: Bool) {
        worker.erased.append(Array(user))
        let source = worker.partition
        guard settings.publishes else { return }
        output.addTombstone(.recommendations, source: source, partition: nil, key: user)
        output.addTombstone(.userFeatures, source: source, partition: nil, key: user)
    }

    /// Keeps a record that cannot be learnt, byte for byte, with the reason and where it came from.
    private func reject(_ record: borrowing LogRecord, _ rejection: Rejection) {
        guard settings.publishes else { return }
        let headers = origin(
            rejection.code, rejection.detail, partition: record.partition, offset: record.offset)
        keep(key: record.key, value: record.value, own: record.headers, headers: headers, source: record.partition)
    }

    /// Ends the block of what the partition taught and puts it on its way.
    func closeBlock(_ worker: PartitionWorker) {
        guard worker.position > worker.block.first else { return }
        let end = worker.position
        output.add(.itemLog, source: worker.partition, partition: 0, key: nil) { writer in
            worker.block.finish(partition: worker.partition, end: end, to: writer)
        }
        worker.block.begin(first: end)
    }
}
