internal import Events
internal import Models

/// Computes a published list again from its provenance: the user from its events up to the list's offset, the item table
/// from a snapshot and the item log up to the list's place in it, the generation by its number.
///
/// It goes as far back as those are kept.
public final class ListRecomputation {
    public let settings: WorkerSettings
    /// The item table; at the list's place in the item log once `list` has returned.
    public let items: ItemFold
    /// Says how far it has come, and from what.
    public var notice: (String) -> Void = { _ in }
    private let reading: any TopicReading
    private let store = UserStore()
    private let fold: UserFold
    private let decoder: EventDecoder
    private let admission: EventAdmission
    private var event = ShopEvent()

    /// - Parameters:
    ///   - settings: those that the list was made with; others make another one.
    ///   - requiresKey: whether events count under their user's key only, as in a topic of several partitions.
    public init(settings: WorkerSettings, reading: any TopicReading, requiresKey: Bool) {
        self.settings = settings
        self.reading = reading
        items = ItemFold(table: ItemTable(settings: settings.items))
        fold = UserFold(settings: settings.user)
        decoder = EventDecoder(typeNames: settings.typeNames)
        var admission = settings.admission
        admission.requiresKey = requiresKey
        self.admission = admission
    }

    /// The list of a user, as `ListEncoder` wrote it. To be called once.
    ///
    /// - Parameter eventsLow: the first offset that the partition of the events topic still has.
    public func list(user: [UInt8], at place: ListProvenance, eventsLow: Int64) throws(LogError) -> [UInt8] {
        try restoreItems(to: place.itemsOffset)
        let number = try restoreUser(user, place, eventsLow)
        let generation = try place.generation.map { number throws(LogError) in try self.generation(number) }
        let serving = generation.map { ServingGeneration($0, identifiers: items.table.identifiers) }
        return ListEncoder(settings: settings).list(
            of: number, in: store, partition: place.partition, items: items, serving: serving,
            ranker: Ranker(table: items.table, rules: settings.rules), settings: settings)
    }

    // MARK: - Items

    private func restoreItems(to end: Int64) throws(LogError) {
        let collector = try SnapshotCollector(for: items, fingerprint: settings.fingerprint, upTo: end) {
            [reading] (offset) throws(LogError) in
            try reading.reader(.snapshots, partition: 0, from: offset)
        }
        while !(try collector.advance()) {}
        try items.load(collector, notice: notice)
        notice("item table: snapshot at \(items.offset), then the item log up to \(end)")
        guard items.offset < end else { return }
        let reader = try reading.reader(.itemLog, partition: 0, from: items.offset)
        let first = try reader.offsets().lowerBound
        guard first <= items.offset else {
            throw LogError(
                .gone,
                "no snapshot of the item table that is kept stands before the list's place, and the item log begins at "
                    + "\(first): the list is too old to be computed again")
        }
        var isAtEnd = false
        while !isAtEnd, reader.position < end {
            isAtEnd = try items.follow(reader, max: 10_000, timeoutMilliseconds: 50, below: end).isAtEnd
        }
        guard reader.position >= end else {
            throw LogError(
                .state,
                "the item log ends at \(reader.position), before the list's place in it (\(end)): the topic was made anew, "
                    + "or has lost its end, and the list is of another one; `freshet reset`, then `freshet replay --publish`, "
                    + "makes state and lists agree again")
        }
        items.skip(to: end)
    }

    // MARK: - User

    private func restoreUser(_ id: [UInt8], _ place: ListProvenance, _ low: Int64) throws(LogError) -> UserStore.User {
        let from = try restoreCheckpoint(id, place)
        guard from >= low else {
            throw LogError(
                .gone,
                "the list includes events before offset \(low) of partition \(place.partition), which are gone, and the "
                    + "checkpoint of the user is newer than the list: it is too old to be computed again")
        }
        notice("user: events \(from) to \(place.offset) of partition \(place.partition)")
        if from <= place.offset { try applyEvents(of: id, place, from: from) }
        let user = id.withUnsafeBytes { store.find($0) }
        guard let user, store[user].isPresent, store[user].offset == place.offset else {
            throw LogError(
                .state, "the event at offset \(place.offset) of partition \(place.partition) is not this user's")
        }
        return user
    }

    /// Takes up the user's checkpoint where the list includes it; the offset to go on at.
    private func restoreCheckpoint(_ id: [UInt8], _ place: ListProvenance) throws(LogError) -> Int64 {
        let codec = UserStateCodec(items: items.table.identifiers)
        let reader = try reading.reader(.users, partition: place.partition, from: 0)
        var newest: [UInt8]?
        var fingerprint: UInt64?
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: 50) { record in
                switch try? CheckpointRecord.content(record) {
                case .user(let user, let state)? where user.elementsEqual(id): newest = state.map(Array.init)
                case .marker(let marker)?: fingerprint = marker.fingerprint
                default: break
                }
            }
        }
        guard let newest, fingerprint == settings.fingerprint else { return 0 }
        do {
            let user = try newest.withUnsafeBytes { state in
                try id.withUnsafeBytes { try codec.decode(state, user: $0, into: store) }
            }
            if store[user].offset <= place.offset { return store[user].offset + 1 }
            store.erase(user)
        } catch {
            throw LogError(
                .state,
                "the checkpoint of the user is damaged (\(error)); `freshet reset`, then `freshet replay`, makes all of "
                    + "them anew")
        }
        return 0
    }

    private func applyEvents(of id: [UInt8], _ place: ListProvenance, from: Int64) throws(LogError) {
        let reader = try reading.reader(.events, partition: place.partition, from: from)
        var isAtEnd = false
        while !isAtEnd, reader.position <= place.offset {
            isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: 50) { record in
                guard record.offset <= place.offset else { return }
                apply(record, of: id)
            }
        }
    }

    private func apply(_ record: borrowing LogRecord, of id: [UInt8]) {
        let key = record.key ?? UnsafeRawBufferPointer(start: nil, count: 0)
        guard !admission.skips(record.partition, record.offset), !admission.requiresKey || key.elementsEqual(id),
            let value = record.value, value.count > 0,
            decoder.decode(value, into: &event) == nil, event.user.elementsEqual(id),
            admission.admit(&event, key: key, recordTime: record.timestamp) == nil
        else { return }
        let item = event.type == .userDeleted ? IdentifierTable.none : items.table.identifiers.intern(event.item)
        _ = fold.apply(event, item: item, offset: record.offset, to: store)
    }

    // MARK: - Generation

    private func generation(_ number: Int) throws(LogError) -> Generation {
        let follower = try GenerationFollower(only: number) { [reading] (offset) throws(LogError) in
            try reading.reader(.models, partition: 0, from: offset)
        }
        while !follower.hasCaughtUp {
            if let found = try follower.advance() { return found }
        }
        throw LogError(.gone, "generation \(number) is no longer in the models topic")
    }
}
