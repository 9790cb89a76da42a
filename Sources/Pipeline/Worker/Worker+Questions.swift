public import Events
internal import FeatureStore
internal import Models

/// What others may ask a worker between two of its rounds, on its own thread. Answers are the values that the output
/// topics would get; nothing that is published or counted changes by a question.
extension Worker {
    /// A user's list, ranked now; nil where this member has no such user, or cannot rank yet.
    public func list(for user: UnsafeRawBufferPointer) -> [UInt8]? {
        guard itemPhase.isFollowing, models.hasCaughtUp, let (task, user) = find(user) else { return nil }
        return encoder.list(
            of: user, in: task.store, partition: task.partition, items: items, serving: serving, ranker: ranker,
            settings: settings)
    }

    /// A user's feature row; nil where this member has no such user.
    public func featureRow(ofUser user: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let (task, user) = find(user) else { return nil }
        let state = task.store[user]
        ranker.begin(generation: serving, blend: settings.blend)
        let workspace = QueryWorkspace()
        workspace.add(state, seed: 0, scale: settings.scale, decay: settings.decay)
        return written { writer in
            workspace.withQueries { queries in
                userFeatures.write(
                    user: task.store.identifiers.bytes(user), state: state, table: items.table,
                    vectors: vectors(of: queries[0]), to: writer)
            }
        }
    }

    /// An item's related items; nil for an unknown item, or one that has none.
    public func relatedItems(of item: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let item = findItem(item) else { return nil }
        let blend = (serving?.generation.manifest.blend ?? settings.blend).sequential
        var count = 0
        let row = written { count = RelatedItems().write(item: item, fold: items, blend: blend, to: $0) }
        return count == 0 ? nil : row
    }

    /// An item's feature row; nil for an unknown item.
    public func featureRow(ofItem item: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let item = findItem(item) else { return nil }
        return written { ItemFeatureBuilder().write(item: item, fold: items, to: $0) }
    }

    /// A known item's number: it has taught the table something, or stands in the catalogue.
    public func findItem(_ id: UnsafeRawBufferPointer) -> IdentifierTable.Number? {
        guard let item = items.table.identifiers.find(id), items.table.attributes(item).isLive else { return nil }
        return item
    }

    /// The partition that has a user, and the user's state; valid until the next round.
    public func state(of user: UnsafeRawBufferPointer) -> (partition: Int32, state: UserState)? {
        find(user).map { ($0.0.partition, $0.0.store[$0.1]) }
    }

    private func find(_ id: UnsafeRawBufferPointer) -> (PartitionTask, UserStore.User)? {
        for task in partitions.values where task.isLive {
            if let user = task.store.find(id), task.store[user].isPresent { return (task, user) }
        }
        return nil
    }

    private func written(_ body: (ByteWriter) -> Void) -> [UInt8] {
        let writer = ByteWriter()
        body(writer)
        return Array(writer.bytes)
    }
}

extension Worker {
    /// How many of this member's partitions are being restored.
    public var restoringCount: Int { partitions.values.count { !$0.isServing } }

    /// What is being restored, for people; nil when everything is there.
    public var restoring: String? {
        switch itemPhase {
        case .snapshots: return "reading the item table's snapshots"
        case .catchingUp: return "folding the item log, at offset \(items.offset)"
        case .following: break
        }
        if !models.hasCaughtUp { return "reading the generations" }
        let waiting = partitions.values.filter { !$0.isServing }
        guard !waiting.isEmpty else { return nil }
        let records = waiting.reduce(0) { $0 + $1.restored }
        return "\(waiting.count) of \(partitions.count) partitions are being restored, \(records) records so far"
    }

    /// Events that the items have learnt since the served generation was trained; nil without one.
    public var generationAge: Int? {
        guard let serving else { return nil }
        let position = items.expected.values.reduce(0) { $0 + Int($1) }
        // One that does not know how far the stream had come then is no older than all that was learnt.
        return max(0, min(items.table.eventCount, position - serving.generation.manifest.events))
    }
}
