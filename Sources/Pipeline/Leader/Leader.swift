public import Events
public import Models

/// What one member of a deployment does for all: related items, item features, snapshots, catalogue entries, generations.
///
/// It folds the item log into a table of its own, so that nothing it does delays a worker or is delayed by one.
public final class Leader {
    /// What a leader does, and how often.
    public struct Settings: Sendable {
        public var items = ItemTable.Settings()
        /// `WorkerSettings.fingerprint`: names the snapshots that are written, and those that may be loaded.
        public var fingerprint: UInt64 = 0
        /// How related items are weighed before the first generation.
        public var blend = BlendSettings()
        /// The least event time between two rows of related items of one item, and between two rows of its features, in ms.
        public var relatedIntervalMilliseconds: Int64 = 6 * 3_600_000
        public var featuresIntervalMilliseconds: Int64 = 3_600_000
        /// Whether related items and item features are published.
        public var publishesRows = true
        /// Bytes of the item log that make a new snapshot due, if they are no fewer than the last snapshot's own.
        public var snapshotBytes = 8 << 20
        /// The catalogue's name, for dead letters.
        public var catalogueTopic = TopicNames().catalogue
        /// Snapshots and generations that are kept.
        public var kept = GenerationRecords.promotedKept

        public init() {}
    }

    let settings: Settings
    let log: any LeaderLog
    /// Records of the catalogue that say nothing, since the start, by reason.
    public internal(set) var catalogueRejections: [RejectionCode: Int] = [:]
    /// The leader's own fold of the item log; nil while this member does not lead.
    public private(set) var fold: ItemFold?
    /// Says something worth a log line.
    public var notice: (String) -> Void = { _ in }
    let relatedItems = RelatedItems()
    let itemFeatures = ItemFeatureBuilder()

    private var phase = Phase.follower
    /// The snapshots in the topic, the newest last.
    private var snapshots: [ItemSnapshot.Place] = []
    /// What a leader that ended within a snapshot has left.
    private var torn: [ItemSnapshot.Place] = []
    private var bytesSinceSnapshot = 0
    private var snapshotSize = 0
    private let generations: GenerationCache
    private var models: GenerationFollower?
    /// The generation that is served: candidates are compared with it.
    public private(set) var latest: Generation?
    /// What was published and has not come back through the topic yet.
    private var publication: GenerationDecision?
    var catalogue: [Int32: Int64] = [:]
    var catalogueReaders: [Int32: any LogReader] = [:]
    /// The most bytes of a dead letter.
    var letterBytesMax = Int.max
    let catalogueDecoder = CatalogueDecoder()
    /// A monotonic clock in ms.
    let clock: () -> UInt64
    /// When the catalogue's partitions are looked for again.
    var looksAt: UInt64 = 0
    static let millisecondsBetweenLooks: UInt64 = 10_000
    let writer = ByteWriter()

    private static let recordsARound = 1000

    private enum Phase {
        case follower
        case restoring(SnapshotCollector)
        /// With where the log ended at the beginning.
        case folding(any LogReader, end: Int64, isCaughtUp: Bool)
    }

    /// - Parameters:
    ///   - generations: shared with the worker of the same process.
    ///   - clock: monotonic, in ms; nothing that is learnt or published depends on it.
    public init(
        settings: Settings, log: any LeaderLog, generations: GenerationCache = GenerationCache(),
        clock: @escaping () -> UInt64
    ) {
        self.settings = settings
        self.log = log
        self.clock = clock
        self.generations = generations
    }

    /// Whether this member leads and its table has reached the end of the item log.
    public var isCaughtUp: Bool {
        if case .folding(_, _, isCaughtUp: true) = phase { true } else { false }
    }

    /// Whether this member did not lead at its last round.
    public var isFollower: Bool {
        if case .follower = phase { true } else { false }
    }

    /// How far the items have come in the events topic: the sum of the next offsets. Differences of it are events; the sum
    /// itself has in it what expired before the first event that was learnt.
    public var events: Int { fold.map { $0.expected.values.reduce(0) { $0 + Int($1) } } ?? 0 }

    /// Events that are known of the items.
    public var learnt: Int { fold?.table.eventCount ?? 0 }

    /// Whether rows of items are out of date, or may be.
    public var hasRowsToPublish: Bool { settings.publishesRows && (fold?.changes?.count ?? 0) > 0 }

    /// One round; true when there may be more to do at once.
    /// - Parameter rowsMax: rows of each kind that may be published in this round, in a transaction of their own.
    public func step(timeoutMilliseconds: Int, rowsMax: Int = 200) throws(LogError) -> Bool {
        guard try log.isLeading(timeoutMilliseconds: timeoutMilliseconds) else {
            if !isFollower { resign() }
            return false
        }
        switch phase {
        case .follower:
            let fold = ItemFold(table: ItemTable(settings: settings.items))
            if settings.publishesRows {
                fold.changes = RowChanges(
                    relatedInterval: settings.relatedIntervalMilliseconds,
                    featuresInterval: settings.featuresIntervalMilliseconds)
            }
            self.fold = fold
            phase = .restoring(
                try SnapshotCollector(for: fold, fingerprint: settings.fingerprint) {
                    [log] (offset) throws(LogError) in
                    try log.reader(.snapshots, partition: 0, from: offset)
                })
            models = try GenerationFollower { [log] (offset) throws(LogError) in
                try log.reader(.models, partition: 0, from: offset)
            }
            models?.cache = generations
            models?.notice = { [unowned self] in notice($0) }
            catalogue = try log.cataloguePositions()
            notice("this instance leads: it publishes related items, snapshots and generations")
            return true
        case .restoring(let collector):
            guard try collector.advance() else { return true }
            try restore(collector)
            return true
        case .folding(let reader, let end, let wasCaughtUp):
            guard let fold else { return true }
            let (isAtEnd, isFull, bytes) = try fold.follow(reader, max: Self.recordsARound, timeoutMilliseconds: 10)
            bytesSinceSnapshot += bytes
            if let newer = try models?.advance() { latest = newer }
            try settlePublication()
            let isThere = isAtEnd || fold.offset >= end
            let isCaughtUp = wasCaughtUp || (isThere && models?.hasCaughtUp == true)
            phase = .folding(reader, end: end, isCaughtUp: isCaughtUp)
            try takeCatalogue()
            // Not only at the end, which a reader does not meet while records come and come.
            guard isAtEnd || (isCaughtUp && !isFull) else { return true }
            let published = try publishRows(most: rowsMax)
            if bytesSinceSnapshot >= max(settings.snapshotBytes, snapshotSize) { try snapshot() }
            return published > 0
        }
    }

    private func resign() {
        phase = .follower
        fold = nil
        models = nil
        latest = nil
        publication = nil
        catalogueReaders.removeAll()
        looksAt = 0
        notice("this instance no longer leads")
    }

    private func restore(_ collector: SnapshotCollector) throws(LogError) {
        guard let fold else { return }
        try fold.load(collector, notice: notice)
        // What the leader before had not published yet, nobody knows.
        fold.changes?.noteAll(fold.table)
        snapshots = collector.kept
        torn = collector.torn
        let reader = try log.reader(.itemLog, partition: 0, from: fold.offset)
        phase = .folding(reader, end: try fold.check(reader), isCaughtUp: false)
    }

    // MARK: - Snapshots and generations

    private func delete(_ old: ItemSnapshot.Place, from first: Int = 0) {
        for chunk in first..<max(first, old.chunks) {
            add(.snapshots, ItemSnapshot.key(offset: old.offset, chunk: chunk), nil)
        }
        if first == 0 { add(.snapshots, ItemSnapshot.key(offset: old.offset, chunk: nil), nil) }
    }

    /// Writes the table as it is in place of the oldest snapshot: the chunks, then the manifest, last of all so that a
    /// start finds it at the topic's end.
    public func snapshot() throws(LogError) {
        guard let fold, isCaughtUp, fold.offset > (snapshots.last?.offset ?? -1) else { return }
        var (chunks, manifest) = ItemSnapshot.encode(
            fold, fingerprint: settings.fingerprint, bytesMax: try log.bytesMax(.snapshots))
        for chunk in chunks {
            chunk.value.withUnsafeBytes {
                add(.snapshots, ItemSnapshot.key(offset: manifest.offset, chunk: chunk.number), $0)
            }
            // One transaction each keeps them short; without its manifest a chunk means nothing.
            if chunk.number % 16 == 15 { try log.publish(itemsOffset: fold.offset, catalogue: [:]) }
        }
        while snapshots.count >= settings.kept { delete(snapshots.removeFirst()) }
        for left in torn { delete(left, from: left.offset == manifest.offset ? chunks.count : 0) }
        torn = []
        manifest.earlier = snapshots
        writer.removeAll()
        manifest.encode(to: writer)
        add(.snapshots, ItemSnapshot.key(offset: manifest.offset, chunk: nil), writer.bytes)
        snapshots.append(manifest.asPlace)
        try keepPositions()
        bytesSinceSnapshot = 0
        snapshotSize = chunks.reduce(0) { $0 + $1.value.count }
        notice("item snapshot at \(manifest.offset): \(chunks.count) chunks, \(fold.table.liveCount) items")
    }

    /// Commits the position in the catalogue once more: the group does not subscribe to that topic, so brokers forget what
    /// it committed there a week after the last time (KIP-211), and it would be read again from the beginning.
    public func keepPositions() throws(LogError) {
        guard let fold, isCaughtUp else { return }
        try log.publish(itemsOffset: fold.offset, catalogue: catalogue)
    }

    /// Whether the item log has moved since the last snapshot.
    public var needsSnapshot: Bool { bytesSinceSnapshot > 0 }

    /// Publishes a generation with what was decided about it, at the next free number: the chunks, the manifest, the
    /// decision; then the oldest go. Nobody serves a part of it, nor one that is not promoted.
    /// - Returns: false where it was not published, because another generation serves by now than the one that this one
    ///   was compared with.
    public func publish(_ generation: Generation, _ decision: GenerationDecision) throws(LogError) -> Bool {
        guard let fold, let models else { return false }
        let shelf = models.shelf
        guard decision.serving == models.choice?.number else {
            notice("a candidate is given up: another generation serves than the one that it was compared with")
            return false
        }
        let publication = shelf.publication(
            generation, decision, keeping: settings.kept, bytesMax: try log.bytesMax(.models))
        for (index, record) in publication.records.enumerated() {
            if let value = record.value {
                value.withUnsafeBytes { add(.models, record.key, $0) }
            } else {
                add(.models, record.key, nil)
            }
            // Short transactions; what is published so far means nothing yet.
            if index % 8 == 7 { try log.publish(itemsOffset: fold.offset, catalogue: [:]) }
        }
        try log.publish(itemsOffset: fold.offset, catalogue: [:])
        let manifest = publication.generation.manifest
        self.publication = publication.decision
        // This process need not decode what it made: the hash says that it is the same.
        if decision.isPromoted { generations.keep(publication.generation, publication.decision.choice) }
        notice(
            "generation \(publication.decision.number) \(decision.isPromoted ? "promoted" : "refused"), "
                + "\(decision.reason.text): \(generation.items.count) items, \(manifest.users) users")
        return true
    }

    /// Whether everything that was published has come back, so that `latest` is what is served by now.
    public var isSettled: Bool { publication == nil }

    /// Sees whether what was published is what lies there: a command may have taken the same number at the same moment.
    private func settlePublication() throws(LogError) {
        guard let fold, let models, let mine = publication, let found = models.shelf.decisions[mine.number] else {
            return
        }
        let shelf = models.shelf
        // Another one's decision may be the one before this one's own.
        guard found.content == mine.content || models.isAtEnd else { return }
        publication = nil
        if found.content != mine.content || shelf.content(mine.number)?.content != mine.content {
            notice("generation \(mine.number) was overwritten by a command at the same moment, and is not served")
        } else if shelf.overwritten.contains(mine.number) {
            notice("generation \(mine.number) took the place of one that a command wrote at the same moment")
        }
        shelf.encoded().withUnsafeBytes { add(.models, shelf.record.key, $0) }
        try log.publish(itemsOffset: fold.offset, catalogue: [:])
    }

    private func add(_ topic: LogTopic, _ key: String, _ value: UnsafeRawBufferPointer?) {
        var key = key
        key.withUTF8 {
            log.add(OutputRecord(topic: topic, partition: 0, key: UnsafeRawBufferPointer($0), value: value))
        }
    }
}
