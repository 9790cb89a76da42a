public import Events
internal import Models

extension Worker {
    /// Whether something was folded that no commit covers.
    public var hasUncommitted: Bool {
        partitions.values.contains { $0.isLive && $0.position > (commit.committed[$0.partition] ?? -1) }
            || !output.isEmpty
            || (checkpointsEverything
                && partitions.values.contains { $0.isLive && $0.store.oldestDirtyOffset() != nil })
    }

    /// Whether a commit is under way, or was aborted and is to be repeated.
    public var isCommitting: Bool { !commit.isIdle }

    /// For how long something has waited to be committed, in ms: 0 while nothing does.
    public var commitAgeMilliseconds: UInt64 {
        let now = clock()
        return (isCommitting || hasUncommitted) && now > commit.cycle.coveredAt ? now - commit.cycle.coveredAt : 0
    }

    /// Whether users wait for a checkpoint that is due. They would wait for the next event otherwise, and that may come
    /// when the events since the last checkpoint have expired.
    var areCheckpointsDue: Bool {
        let now = clock()
        return partitions.values.contains { task in
            guard task.isLive, let since = task.store.oldestDirtyOffset() else { return false }
            return since < task.ripeOffset(now: now, delay: settings.checkpointDelayMilliseconds)
        }
    }

    func sendOutput() throws(LogError) {
        // A transaction that is begun beside a commit stays open until the next round's end, and the broker ends one that is
        // open for too long.
        guard !log.isTransactional || !commit.isRunning || !isRoundLong else { return }
        try commit.send()
    }

    func beginCommitIfDue(force: Bool = false) throws(LogError) {
        guard commit.isIdle, hasUncommitted || (!force && areCheckpointsDue), log.isOpen else { return }
        guard force || (commit.isDue && log.room == .max) else { return }
        try beginCommit()
    }

    private func beginCommit() throws(LogError) {
        var offsets: [Int32: Int64] = [:]
        let each = checkpointBytes(now: clock())
        var left = max(settings.flushBytes, settings.checkpointBytes)
        for partition in partitions.keys.sorted() {
            guard let task = partitions[partition], task.isLive else { continue }
            closeBlock(task)
            task.notePosition(at: clock())
            // Also where it has not moved: the offsets are what fences output of a member that the group has expelled.
            offsets[partition] = task.position
            left -= writeCheckpoints(task, to: commit.checkpoints, budget: checkpointsEverything ? left : each)
        }
        countersInFlight = counters
        try commit.begin(offsets)
    }

    /// How many bytes of user states the next commit may write for each partition: so many for each interval since the last
    /// one. Where rounds are long, commits are few, and users would wait in masses for a turn that comes with each of them.
    func checkpointBytes(now: UInt64) -> Int {
        let passed = (now - min(now, commit.cycle.begunAt)) / max(1, settings.commitIntervalMilliseconds)
        let intervals = Int(min(passed, Self.checkpointIntervalsMax))
        let share = settings.flushBytes / max(1, partitions.count)
        return max(settings.checkpointBytes, min(min(settings.checkpointBytes, share) * intervals, share))
    }

    /// About those of the longest round; after a pause there is nothing to catch up with.
    private static let checkpointIntervalsMax: UInt64 = 32

    /// The longest-dirty users up to the byte budget, erased users' tombstones, and how far the partition is complete.
    /// - Returns: the bytes of the users.
    private func writeCheckpoints(_ task: PartitionTask, to buffer: OutputBuffer, budget: Int) -> Int {
        let partition = task.partition
        let ripe =
            checkpointsEverything
            ? Int64.max : task.ripeOffset(now: clock(), delay: settings.checkpointDelayMilliseconds)
        var written = 0
        for id in task.erased {
            key(id)
            buffer.addTombstone(.users, source: partition, partition: partition, key: scratch.bytes)
        }
        task.erased.removeAll()
        while written < budget, let since = task.store.oldestDirtyOffset(), since < ripe,
            let user = task.store.takeLongestDirty()
        {
            key(task.store.identifiers.bytes(user))
            let before = buffer.byteCount
            addCheckpoint(of: user, since: since, task, key: scratch.bytes, to: buffer)
            written += buffer.byteCount - before
        }
        let complete = min(
            task.store.oldestDirtyOffset() ?? task.position, task.store.oldestAsideOffset ?? task.position)
        let marker = CheckpointRecord.Marker(
            offset: complete, fingerprint: settings.fingerprint, typeNames: settings.typeNames.hash,
            writer: settings.writer)
        // A new owner's first commit says whose transactions are to be ended, though nothing else be new in it.
        guard marker != task.marker else { return written }
        task.marker = marker
        scratch.removeAll()
        scratch.text(CheckpointRecord.markerKey)
        buffer.add(.users, source: partition, partition: partition, key: scratch.bytes) { marker.encode(to: $0) }
        return written
    }

    private func key(_ id: some Sequence<UInt8>) {
        scratch.removeAll()
        scratch.byte(CheckpointRecord.userPrefix)
        for byte in id { scratch.byte(byte) }
    }

    /// Looks whether the commit under way has an outcome, and acts on it; an aborted one is begun again.
    func collectOutcome() throws(LogError) {
        try act(on: commit.takeOutcome())
        try commit.repeatAborted()
    }

    private func act(on action: CommitCycle.Action) throws(LogError) {
        switch action {
        case .none: break
        case .settle:
            counters.commits += 1
            settledCounters = countersInFlight
            committed(clock() - commit.cycle.begunAt)
        case .repeatRecords(let reason):
            counters.aborts += 1
            notice("transaction aborted, its records are sent again: \(reason)")
        case .giveUp(let reason):
            throw LogError(.fenced, reason)
        case .startOver(let reason):
            counters.aborts += 1
            let seconds = CommitCycle.abortedMillisecondsMax / 1000
            throw LogError(.retriable, "every transaction of the last \(seconds) s was aborted: \(reason)")
        }
    }

    /// Waits for the commit under way, and does not repeat it.
    func awaitOutcome(until deadline: UInt64, isStopped: () -> Bool) throws(LogError) {
        while true {
            try act(on: commit.takeOutcome())
            guard commit.isRunning else { return }
            try commit.wait(until: deadline, isStopped: isStopped)
        }
    }

    /// Waits until checkpoints that were sent after their commit are written. One that comes in after the partition's next
    /// owner has written its own would put an older state before the owner's marker: what lies between would be lost.
    private func awaitCheckpoints(until deadline: UInt64, isStopped: () -> Bool) throws(LogError) {
        guard try commit.beginOfCheckpoints() else { return }
        try awaitOutcome(until: deadline, isStopped: isStopped)
        // Nothing is kept to be sent again: whoever goes on begins from what is committed.
        guard commit.isIdle else { throw LogError(.retriable, "checkpoints of the last commit may not be written") }
        commit.checkpointsAreWritten()
    }

    /// Commits everything folded so far and waits for it, for a revocation or the end.
    /// - Parameters:
    ///   - isOfEachCommit: whether each commit that succeeds gives the next one as much time, for what needs many.
    ///   - isStopped: whether somebody waits for the process to end, and so for no commit.
    public func settle(
        timeoutMilliseconds: UInt64, isOfEachCommit: Bool = false, isStopped: () -> Bool = { false }
    ) throws(LogError) {
        var deadline = clock() + timeoutMilliseconds
        var commits = counters.commits
        while true {
            try collectOutcome()
            if isOfEachCommit, counters.commits > commits {
                commits = counters.commits
                deadline = clock() + timeoutMilliseconds
            }
            try sendOutput()
            try beginCommitIfDue(force: true)
            if commit.isIdle, !hasUncommitted, !commit.hasUnsentCheckpoints {
                return try awaitCheckpoints(until: deadline, isStopped: isStopped)
            }
            try commit.wait(until: deadline, isStopped: isStopped)
        }
    }

    /// Drops everything that belongs to partitions that this member no longer has.
    func drop(_ gone: [Int32]) throws(LogError) {
        for partition in gone { partitions[partition] = nil }
        rerank.removeAll { gone.contains($0.partition) }
        activeUsers = takeActiveUsers().filter { !gone.contains($0.partition) }
        commit.drop(gone)
    }
}

extension Worker {
    /// Whether lists or restores wait for a later round.
    public var hasPendingWork: Bool {
        hasPendingRanks || models.isBusy || commit.hasUnsent
            || partitions.values.contains { !$0.isLive }
    }

    /// How many users wait for a checkpoint, at most.
    public var usersWithoutCheckpoint: Int { partitions.values.reduce(0) { $0 + $1.store.dirtyCount } }

    /// Commits what was folded, for the end of the process; with `flushesAll` also the state of every user, in as many
    /// commits as that takes, so that the next start has nothing to re-apply.
    public func finish(
        flushesAll: Bool, timeoutMilliseconds: UInt64 = 30_000, isOfEachCommit: Bool = false,
        isStopped: () -> Bool = { false }
    ) throws(LogError) {
        guard itemPhase.isFollowing, models.hasCaughtUp else { return }
        try rankTouched()
        checkpointsEverything = flushesAll
        try settle(
            timeoutMilliseconds: timeoutMilliseconds, isOfEachCommit: isOfEachCommit, isStopped: isStopped)
    }

    /// The hash of the users of all partitions of this member.
    public func usersHash() -> StateHash {
        var sum = StateHash()
        for task in partitions.values { sum.merge(task.store.hash(items: items.table.identifiers)) }
        return sum
    }
}
