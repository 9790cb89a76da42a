internal import Events
internal import Models

extension Worker {
    /// Takes a record up: its event is folded when its turn comes, at the latest by `foldWaiting`; what cannot be learnt
    /// goes to the dead letters.
    func take(_ record: borrowing LogRecord) {
        // What comes before its partition was resumed comes again, with all that lies before it.
        guard let task = partitions[record.partition], task.isServing else { return }
        guard let rejection = push(record, task) else {
            if window.isFull { fold(window.pop()) }
            return
        }
        foldWaiting()
        guard isNew(record.offset, task) else { return }
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
    func push(_ record: borrowing LogRecord, _ task: PartitionTask) -> Rejection? {
        guard let value = record.value, value.count > 0 else { return Rejection(.emptyValue) }
        handle(record.partition, record.offset)
        return window.push(
            value, key: record.key ?? UnsafeRawBufferPointer(start: nil, count: 0), recordTime: record.timestamp,
            partition: record.partition, offset: record.offset, users: task.store)
    }

    /// Moves on to a record, unless it was delivered before: librdkafka may repeat some after a pause.
    private func isNew(_ offset: Int64, _ task: PartitionTask) -> Bool {
        guard offset >= task.position else {
            counters.duplicates += 1
            return false
        }
        task.position = offset + 1
        return true
    }

    private func fold(_ entry: UnsafePointer<EventWindow.Entry>) {
        let offset = entry.pointee.offset
        guard let task = partitions[entry.pointee.partition], isNew(offset, task) else { return }
        switch apply(entry, task) {
        case .learnt(let lesson):
            counters.events += 1
            if lesson.isLate { counters.late += 1 }
            if entry.pointee.isClamped { counters.clamped += 1 }
            if let found = task.lastLists.take(lesson.user, findingItem: itemNumber), lesson.isNewPair {
                liveQuality.add(found)
            }
            task.block.add(
                entry.pointee.event, item: itemNumber, isNewPair: lesson.isNewPair,
                preceding: UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount), offset: offset)
            if offset < task.doubtfulUntil { task.store.forgetList(lesson.user) }
            task.touch(lesson.user)
            if task.block.byteCount >= blockBytes { closeBlock(task) }
        case .duplicate:
            counters.duplicates += 1
        case .erased(let user):
            counters.events += 1
            counters.erased += 1
            // The number may be another user's with the next event.
            if let user { task.lastLists.forget(user) }
            erase(entry.pointee.event.user, task)
        }
    }

    /// Applies an event to its user; its item's number is in `itemNumber`.
    func apply(_ entry: UnsafePointer<EventWindow.Entry>, _ task: PartitionTask) -> UserFold.Outcome {
        handle(entry.pointee.partition, entry.pointee.offset)
        let (outcome, item) = fold.apply(entry, items: items.table.identifiers, to: task.store)
        itemNumber = item
        return outcome
    }

    /// Takes back everything that was written about a user.
    private func erase(_ user: UnsafeRawBufferPointer, _ task: PartitionTask) {
        task.erased.append(Array(user))
        let source = task.partition
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
    func closeBlock(_ task: PartitionTask) {
        guard task.position > task.block.first else { return }
        let end = task.position
        output.add(.itemLog, source: task.partition, partition: 0, key: nil) { writer in
            task.block.finish(partition: task.partition, end: end, to: writer)
        }
        task.block.begin(first: end)
    }
}
