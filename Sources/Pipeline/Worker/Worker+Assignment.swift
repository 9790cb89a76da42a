internal import Events
internal import Models

extension Worker {
    /// Acts on a change of the group.
    func apply(_ change: GroupChange) throws(LogError) {
        switch change {
        case .assigned(let assigned): try take(assigned)
        case .revoked(let revoked):
            let live = revoked.filter { partitions[$0]?.isLive == true }
            if !live.isEmpty {
                try rankTouched()
                try settle(timeoutMilliseconds: 10_000)
            }
            try drop(revoked)
            try log.release(revoked)
            sayGone(revoked, "given back to the group, which has them for another member")
        case .lost(let lost):
            // A commit under way ends before this member joins again: in the name of its next membership it would be
            // accepted, and move offsets back that another member has moved on.
            try awaitOutcome(until: clock() + 30_000, isStopped: isStopped)
            // What is in the open transaction of these partitions must not count: another member has them.
            try commit.abortOpen()
            try drop(lost)
            try log.release(lost)
            sayGone(lost, "lost: the group does not count this member as its own any more")
        case .end(let partition, let offset): pass(partition, to: offset)
        }
    }

    private func sayGone(_ gone: [Int32], _ how: String) {
        guard !gone.isEmpty else { return }
        notice("partitions \(gone.sorted().map(String.init).joined(separator: ", ")): \(how)")
    }

    /// Moves on to a partition's end, past what is no record: the markers of others' transactions, aborted or compacted
    /// records. Offsets that stood before them for good would be a lag that never ends, for whoever scales by it.
    private func pass(_ partition: Int32, to end: Int64) {
        guard let task = partitions[partition], task.isServing, end > task.position else { return }
        task.position = end
    }

    /// Begins to restore assigned partitions.
    private func take(_ assigned: [Int32]) throws(LogError) {
        for partition in assigned.sorted() {
            partitions[partition] = PartitionTask(
                partition: partition, items: items.table.identifiers, listItems: settings.rules.listItems)
        }
        try log.take(assigned)
    }

    /// A partition that restores has a client of its own, and up to 100 MB of records on their way.
    private static let restoresMax = 4

    /// Moves restoring partitions forward by a piece, some at a time; true when there was something to do.
    func advanceRestores() throws(LogError) -> Bool {
        var isBusy = false
        var restores = partitions.values.count { $0.isReading }
        for partition in partitions.keys.sorted() {
            guard let task = partitions[partition], !task.isLive, task.restsUntil <= clock() else { continue }
            let wasReading = task.isReading
            guard wasReading || restores < Self.restoresMax else { continue }
            do throws(LogError) {
                if try advance(task) { isBusy = true }
                if !wasReading, task.isReading { restores += 1 }
            } catch {
                // A partition that cannot be read now, as where it has no leader, begins anew; the others go on.
                guard error.kind == .retriable, !task.isLive else { throw error }
                notice("partition \(partition) is restored anew in a moment: \(error)")
                let next = PartitionTask(
                    partition: partition, items: items.table.identifiers, listItems: settings.rules.listItems)
                next.restsUntil = clock() + Self.restMilliseconds
                partitions[partition] = next
                commit.note(partition, committed: nil)
            }
        }
        sayProgress()
        return isBusy
    }

    private static let restMilliseconds: UInt64 = 1_000

    /// One piece of a partition's restore; false where it waits for an answer.
    private func advance(_ task: PartitionTask) throws(LogError) -> Bool {
        switch task.phase {
        case .waiting:
            task.phase = .checkpoints(
                try log.reader(.users, partition: task.partition, from: 0), CheckpointBatch())
        case .checkpoints(let reader, let batch): try readCheckpoints(task, reader, batch)
        case .offset: return try beginEvents(task)
        case .events(let reader, let until): try readEvents(task, reader, until: until)
        case .live: break
        }
        return true
    }

    /// A line now and then while a restore lasts.
    private func sayProgress() {
        let now = clock()
        guard partitions.values.contains(where: { !$0.isLive }) else {
            restoreSaidAt = now
            return
        }
        guard now >= restoreSaidAt + Self.progressMilliseconds, let restoring else { return }
        restoreSaidAt = now
        notice(restoring)
    }

    private static let progressMilliseconds: UInt64 = 2_000

    private func readCheckpoints(
        _ task: PartitionTask, _ reader: any LogReader, _ batch: CheckpointBatch
    ) throws(LogError) {
        var problem: String?
        let isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: restoreWaitMilliseconds) { record in
            do {
                switch try CheckpointRecord.content(record) {
                case .marker(let marker): task.marker = marker
                case .user(let id, let state):
                    batch.add(id, state)
                    task.restored += 1
                case nil: break
                }
            } catch {
                problem = "the marker at offset \(record.offset) is damaged (\(error))"
            }
        }
        if isAtEnd || batch.isFull {
            do { try batch.move(into: task.store, codec) } catch {
                problem = problem ?? "a checkpoint before offset \(reader.position) is damaged (\(error))"
            }
        }
        if let problem {
            throw LogError(
                .state,
                "\(problem) in partition \(task.partition) of the users topic; `freshet reset`, then `freshet replay`"
            )
        }
        if isAtEnd { task.phase = .offset }
    }

    /// Asks for the committed offset, and begins to re-apply what the checkpoints do not hold; true when it could.
    private func beginEvents(_ task: PartitionTask) throws(LogError) -> Bool {
        guard let stored = try log.storedOffset(task.partition, lastWriter: task.marker?.writer ?? "") else {
            return false
        }
        if !log.isTransactional { task.doubtfulUntil = stored.end }
        if let offset = stored.offset { try check(offset, stored, task) }
        task.low = stored.low
        task.begin(at: stored.offset ?? stored.low)
        commit.note(task.partition, committed: stored.offset)
        let from = try start(of: task, low: stored.low)
        guard from < task.committed else {
            try goLive(task)
            return true
        }
        task.phase = .events(
            try log.reader(.events, partition: task.partition, from: from), until: task.committed)
        return true
    }

    private func check(
        _ committed: Int64, _ log: StoredOffset, _ task: PartitionTask
    ) throws(LogError) {
        guard committed >= log.low else {
            throw LogError(
                .state,
                "the committed offset \(committed) of partition \(task.partition) is below the log's start "
                    + "(\(log.low)): events were deleted before they were learnt; `freshet replay` rebuilds "
                    + "from what is left, `freshet reset` starts anew")
        }
        guard committed <= log.end else {
            throw LogError(
                .state,
                "partition \(task.partition) ends at \(log.end), before the committed offset \(committed): the "
                    + "topic was made anew; `freshet reset` starts anew")
        }
    }

    /// Where re-applying begins: at the marker. Without one, at the log's start, if nothing before it is missing.
    private func start(of task: PartitionTask, low: Int64) throws(LogError) -> Int64 {
        guard let marker = task.marker else {
            if task.committed > low, low > 0 {
                throw LogError(
                    .state,
                    "partition \(task.partition) has offset \(task.committed) committed but no checkpoint, and its "
                        + "events before \(low) are gone; `freshet replay` rebuilds from what is left")
            }
            // A replay's offsets go last; without transactions all else of it may be there before.
            guard task.store.count == 0 || commit.committed[task.partition] != nil else {
                throw LogError(
                    .state,
                    "partition \(task.partition) has users, but neither a marker nor a committed offset: a `freshet "
                        + "replay` was interrupted while it wrote; `freshet reset`, then `freshet replay` again")
            }
            return low
        }
        guard marker.fingerprint == settings.fingerprint else {
            throw LogError(
                .state,
                "the stored state of partition \(task.partition) was made with other settings of the folds "
                    + "(\(WorkerSettings.foldSettings)), or by another version of them; go back to those, or `freshet "
                    + "reset` and `freshet replay`, or rebuild beside the old deployment under another application.id")
        }
        guard marker.offset <= task.committed else {
            throw LogError(
                .state,
                "the committed offset \(task.committed) of partition \(task.partition) is below that of its state "
                    + "(\(marker.offset)): the group's offsets were moved back; `freshet reset` and `freshet replay` rebuild"
            )
        }
        let isSameNames = marker.typeNames == nil || marker.typeNames == settings.typeNames.hash
        guard isSameNames || marker.offset == task.committed else {
            throw LogError(
                .state,
                "events \(marker.offset) to \(task.committed) of partition \(task.partition) were learnt with other "
                    + "ingest.aliases, and are not all in checkpoints yet; run `freshet serve --stop-at-end` once with the "
                    + "former ones")
        }
        guard marker.offset >= low || marker.offset == task.committed else {
            throw LogError(
                .state,
                "events \(marker.offset) to \(low) of partition \(task.partition) were deleted before a checkpoint held "
                    + "them; `freshet replay` rebuilds from what is left")
        }
        return marker.offset
    }

    /// Applies events that were learnt before, without any output.
    private func readEvents(_ task: PartitionTask, _ reader: any LogReader, until: Int64) throws(LogError) {
        precondition(window.isEmpty, "another partition's events wait for their turn")
        var isDone = false
        let isAtEnd: Bool
        do throws(LogError) {
            isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: restoreWaitMilliseconds) { record in
                guard record.offset < until else {
                    isDone = true
                    return
                }
                if push(record, task) == nil, window.isFull { reapply(window.pop(), task) }
                task.restored += 1
            }
        } catch {
            // What has come in is of a restore that is given up, and its users go with that.
            window.removeAll()
            handledOffset.pointee = -1
            throw error
        }
        while !window.isEmpty { reapply(window.pop(), task) }
        handledOffset.pointee = -1
        if isDone || reader.position >= until {
            try goLive(task)
        } else if isAtEnd {
            throw LogError(
                .state,
                "partition \(task.partition) ends before its committed offset \(until); `freshet reset` starts anew")
        }
    }

    private func reapply(_ entry: UnsafePointer<EventWindow.Entry>, _ task: PartitionTask) {
        // Without transactions the tombstone of a checkpoint may be missing: it is written (again).
        if case .erased(.some) = apply(entry, task) { task.erased.append(Array(entry.pointee.event.user)) }
    }

    private func goLive(_ task: PartitionTask) throws(LogError) {
        task.phase = .live
        task.notePosition(at: clock())
        task.store.forgetLists()
        notice(
            "partition \(task.partition): \(task.store.count) users restored, going on at offset \(task.committed)"
        )
        try resumeLive()
    }
}
