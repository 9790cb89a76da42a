internal import Events
internal import Models

extension Worker {
    /// Takes a record up: its event is folded when its turn comes, at the latest by `foldWaiting`; what cannot be learnt
    /// goes to the dead letters.
    func take(_ record: borrowing LogRecord) {
        guard let worker = partitions[record.partition], worker.isLive else { return }
        guard let rejection = push(record, worker) else {
            if window.isFull { fold(window.pop()) }
            return
        }
        foldWaiting()
        guard isNew(record.offset, worker) else { return }
        let reason = rejection.namingCodec(of: record)
        counters.rejected += 1
        counters.rejections[reason.code, default: 0] += 1
        reject(record, reason)
    }

    /// Folds all events whose records were taken up.
    func foldWaiting() {
        while !window.isEmpty { fold(window.pop()) }
        handledOffset.pointee = -1
    }

    /// Notes which record is at hand.
    @inline(__always)
    private func handle(_ partition: Int32, _ offset: Int64) {
        handledPartition.pointee = partition
        handledOffset.pointee = offset
    }

    /// Decodes a record; its event waits for its turn then.
    func push(_ record: borrowing LogRecord, _ worker: PartitionWorker) -> Rejection? {
        guard let value = record.value, value.count > 0 else { return Rejection(.emptyValue) }
        handle(record.partition, record.offset)
        return window.push(
            value, key: record.key ?? UnsafeRawBufferPointer(start: nil, count: 0), recordTime: record.timestamp,
            partition: record.partition, offset: record.offset, users: worker.store)
    }

    /// Moves on to a record, unless it was delivered before: librdkafka may repeat some after a pause.
    private func isNew(_ offset: Int64, _ worker: PartitionWorker) -> Bool {
        guard offset >= worker.position else {
            counters.duplicates += 1
            return false
        }
        worker.position = offset + 1
        return true
    }

    private func fold(_ entry: UnsafePointer<EventWindow.Entry>) {
        let offset = entry.pointee.offset
        guard let worker = partitions[entry.pointee.partition], isNew(offset, worker) else { return }
        switch apply(entry, worker) {
        case .learnt(let lesson):
            counters.events += 1
            if lesson.isLate { counters.late += 1 }
            if entry.pointee.isClamped { counters.clamped += 1 }
            if let found = worker.lastLists.take(lesson.user, findingItem: itemNumber), lesson.isNewPair {
                liveQuality.add(found)
            }
            worker.block.add(
                entry.pointee.event, item: itemNumber, isNewPair: lesson.isNewPair,
                preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount), offset: offset)
            if offset < worker.doubtfulUntil { worker.store.forgetList(lesson.user) }
            worker.touch(lesson.user)
            if worker.block.byteCount >= blockBytes { closeBlock(worker) }
        case .duplicate:
            counters.duplicates += 1
        case .erased(let user):
            counters.events += 1
            counters.erased += 1
            // The number may be another user's with the next event.
            if let user { worker.lastLists.forget(user) }
            erase(entry.pointee.event.user, worker)
        }
    }

    /// Applies an event to its user; its item's number is in `itemNumber`.
    func apply(_ entry: UnsafePointer<EventWindow.Entry>, _ worker: PartitionWorker) -> UserFold.Outcome {
        handle(entry.pointee.partition, entry.pointee.offset)
        let (outcome, item) = fold.apply(entry, items: items.table.identifiers, to: worker.store)
        itemNumber = item
        return outcome
    }

    /// Takes back everything that was written about a user.
    private func erase(_ user: UnsafeRawBufferPointer, _ worker: PartitionWorker) {
        worker.erased.append(Array(user))
        let source = worker.partition
        guard settings.publishes else { return }
        output.addTombstone(.recommendations, source: source, partition: nil, key: user)
        output.addTombstone(.userFeatures, source: source, partition: nil, key: user)
    }

    /// Keeps a record that cannot be learnt, byte for byte, with the reason and where it came from.
    private func reject(_ record: borrowing LogRecord, _ rejection: Rejection) {
        guard settings.publishes else { return }
        let origin = origin(
            rejection.code, rejection.detail, partition: record.partition, offset: record.offset)
        keep(key: record.key, value: record.value, own: record.headers, origin)
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
