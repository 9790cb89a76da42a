internal import Events
internal import Models
internal import Synchronization

extension Worker {
    /// Moves the item table forward: restores it first, then follows the item log. Between batches only.
    func advanceItems() throws(LogError) -> Bool {
        switch itemPhase {
        case .snapshots(let collector):
            guard try collector.advance() else { return true }
            try items.load(collector)
            let reader = try log.reader(.itemLog, partition: 0, from: items.offset)
            try items.check(reader)
            itemPhase = .catchingUp(reader)
            return true
        case .catchingUp(let reader):
            if try items.follow(reader, max: 100_000, timeoutMilliseconds: restoreWaitMilliseconds).isAtEnd {
                notice("item table restored: \(items.table.liveCount) items at offset \(items.offset) of the item log")
                itemPhase = .following(reader)
                try resumeLive()
            }
            return true
        case .following(let reader):
            _ = try items.follow(reader, max: 64, timeoutMilliseconds: 0)
            return false
        }
    }

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
        // Those that still wait for the last generation's turn are not forgotten.
        rerank += activeUsers
        activeUsers.removeAll(keepingCapacity: true)
    }

    /// Lets records of restored partitions flow, once items and generation are there.
    func resumeLive() throws(LogError) {
        guard itemPhase.isFollowing, models.hasCaughtUp else { return }
        var offsets: [Int32: Int64] = [:]
        for worker in partitions.values where worker.isLive && !worker.isResumed {
            worker.isResumed = true
            offsets[worker.partition] = worker.position
        }
        if !offsets.isEmpty { try log.resume(offsets) }
    }
}

/// A generation that is served no longer. To give back its memory takes as long as many lists: another thread does it.
private final class Retired: Sendable {
    private let generation: Mutex<Generation?>

    init(_ generation: Generation?) { self.generation = Mutex(generation) }

    func release() { generation.withLock { $0 = nil } }
}
