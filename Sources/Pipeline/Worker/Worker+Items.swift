internal import Events
internal import Models

extension Worker {
    /// Moves the item table forward: restores it first, then follows the item log. Between batches only.
    func advanceItems() throws(LogError) -> Bool {
        switch itemPhase {
        case .snapshots(let collector, let isWhole):
            guard try collector.advance() else { return true }
            if let newest = collector.newest(fingerprint: settings.fingerprint) {
                try load(newest)
            } else if !isWhole {
                let whole = try log.reader(.snapshots, partition: 0, from: 0)
                itemPhase = .snapshots(SnapshotCollector(whole), isWhole: true)
                return true
            }
            itemPhase = .catchingUp(try log.reader(.itemLog, partition: 0, from: items.offset))
            return true
        case .catchingUp(let reader):
            if try follow(reader, max: 100_000, timeout: restoreWaitMilliseconds) {
                notice("item table restored: \(items.table.liveCount) items at offset \(items.offset) of the item log")
                itemPhase = .following(reader)
                try resumeLive()
            }
            return true
        case .following(let reader):
            _ = try follow(reader, max: 64, timeout: 0)
            return false
        }
    }

    private func load(_ snapshot: (manifest: ItemSnapshot.Manifest, chunks: [[UInt8]])) throws(LogError) {
        var loader = ItemSnapshot.Loader(into: items, manifest: snapshot.manifest)
        do {
            for chunk in snapshot.chunks { try chunk.withUnsafeBytes { try loader.load($0) } }
        } catch {
            throw LogError(.state, "the item snapshot at \(snapshot.manifest.offset) is damaged: \(error)")
        }
        guard loader.finish() else {
            throw LogError(.state, "the item snapshot at \(snapshot.manifest.offset) lacks chunks")
        }
    }

    private func follow(_ reader: any LogReader, max: Int, timeout: Int) throws(LogError) -> Bool {
        var failure: ItemFold.Failure?
        let isAtEnd = try reader.read(max: max, timeoutMilliseconds: timeout) { record in
            guard failure == nil, let value = record.value else { return }
            do throws(ItemFold.Failure) {
                try items.apply(value, at: record.offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw LogError(.state, failure.description) }
        if isAtEnd { items.skip(to: reader.position) }
        return isAtEnd
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
        if !wasCaughtUp, models.hasCaughtUp { try resumeLive() }
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
