internal import Events
internal import Models
internal import Synchronization

extension Worker {
    /// Moves the item table forward: restores it first, then follows the item log. Between batches only.
    func advanceItems() throws(LogError) -> Bool {
        switch itemPhase {
        case .snapshots(let collector):
            guard try collector.advance() else { return true }
            try items.load(collector, notice: notice)
            let reader = try log.reader(.itemLog, partition: 0, from: items.offset)
            itemPhase = .catchingUp(reader, end: try items.check(reader))
            return true
        case .catchingUp(let reader, let end):
            let isAtEnd = try items.follow(reader, max: 100_000, timeoutMilliseconds: restoreWaitMilliseconds).isAtEnd
            if isAtEnd || items.offset >= end {
                notice("item table restored: \(items.table.liveCount) items at offset \(items.offset) of the item log")
                itemPhase = .following(reader)
                itemsMovedAt = clock()
                items.withdrawn = []
                try resumeLive()
            }
            return true
        case .following(let reader):
            let isBehind = try follow(reader)
            try resumeLive()
            return isBehind
        }
    }

    /// Takes up what there is of the item log, for as long as half a round at most: where events flood in, rounds are long,
    /// and so is what all instances together wrote meanwhile.
    /// - Returns: whether there may be more at once.
    private func follow(_ reader: any LogReader) throws(LogError) -> Bool {
        let began = clock()
        let most = max(Self.itemMilliseconds, (began - itemsMovedAt) / 2)
        itemsMovedAt = began
        while try items.follow(reader, max: 64, timeoutMilliseconds: 0).isFull {
            if clock() - began >= most { return true }
            log.serve()
        }
        return false
    }

    private static let itemMilliseconds: UInt64 = 10

    /// Takes up a generation that has come in whole: at once at the start, else a part a round, so that no list waits.
    func advanceGeneration() throws(LogError) {
        let wasCaughtUp = models.hasCaughtUp
        if let generation = try models.advance() { coming = ServingGeneration(unnumbered: generation) }
        let most = wasCaughtUp ? Self.rowsNumberedARound : .max
        if let ready = coming, ready.number(most: most, items.table.identifiers) {
            coming = nil
            serve(ready)
        }
        guard !wasCaughtUp, models.hasCaughtUp else { return }
        if let silence = models.shelf.silence { notice(silence) }
        try resumeLive()
    }

    private static let rowsNumberedARound = 2048

    private func serve(_ next: ServingGeneration) {
        let before = serving.map { Retired($0.generation) }
        serving = next
        ranker.begin(generation: next, blend: settings.blend)
        if let before { models.perform { before.release() } }
        notice("generation \(next.generation.number) is served: \(next.generation.items.count) items")
        // Those that still wait for the last generation's turn keep their places.
        for (partition, user) in takeActiveUsers() {
            guard let task = partitions[partition] else { continue }
            task.store.states[Int(user)].isActive = false
            queue(task, user)
        }
    }

    /// Lets records of restored partitions flow, once items and generation are there.
    func resumeLive() throws(LogError) {
        guard itemPhase.isFollowing, models.hasCaughtUp else { return }
        var offsets: [Int32: Int64] = [:]
        for task in partitions.values where task.isLive && !task.isResumed {
            guard try isTaught(task) else { continue }
            task.isResumed = true
            offsets[task.partition] = task.position
        }
        if !offsets.isEmpty { try log.resume(offsets) }
    }

    /// Whether the items have learnt what a partition's committed events teach. The item log's block goes before an offset is
    /// committed, or in one transaction with it, whose end may show in one topic a while before it shows in another. Where the
    /// items have learnt all that the log held then, and still do not have it, the log was made anew, and lists would come of
    /// an empty table.
    private func isTaught(_ task: PartitionTask) throws(LogError) -> Bool {
        let learnt = items.expected[task.partition] ?? task.low
        if learnt >= task.committed { return true }
        let now = clock()
        guard let (since, end) = task.untaught else {
            task.untaught = (now, try itemLogEnd())
            return false
        }
        guard now - since >= Self.untaughtMilliseconds, items.offset >= end else { return false }
        throw LogError(
            .state,
            "the item log, and the snapshots of its table, hold partition \(task.partition) of the events topic up to "
                + "\(learnt), but \(task.committed) is committed: the topic was made anew, or has lost its end; `freshet "
                + "reset`, then `freshet replay`")
    }

    /// The present end of the item log, whoever is to see what lies before it.
    private func itemLogEnd() throws(LogError) -> Int64 {
        guard case .following(let reader) = itemPhase else { return .max }
        return max(try reader.offsets().upperBound, try log.itemLogEnd())
    }

    /// Longer than a transaction may be open.
    private static let untaughtMilliseconds: UInt64 = 15_000
}

/// A generation that is served no longer. To give back its memory takes as long as many lists: another thread does it.
private final class Retired: Sendable {
    private let generation: Mutex<Generation?>

    init(_ generation: Generation?) { self.generation = Mutex(generation) }

    func release() { generation.withLock { $0 = nil } }
}
