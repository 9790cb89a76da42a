internal import Events
internal import Models

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

    /// Takes up a generation that has come in whole.
    func advanceGeneration() throws(LogError) {
        let wasCaughtUp = models.hasCaughtUp
        if let generation = try models.advance() {
            serving = ServingGeneration(generation, identifiers: items.table.identifiers)
            notice("generation \(generation.number) is served: \(generation.items.count) items")
            // Those that still wait for the last generation's turn are not forgotten.
            rerank += activeUsers
            activeUsers.removeAll(keepingCapacity: true)
        }
        guard !wasCaughtUp, models.hasCaughtUp else { return }
        if let silence = models.shelf.silence { notice(silence) }
        try resumeLive()
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
