internal import Events
internal import Models

/// Publishes the list of every user that a replay has rebuilt, as the service would make it from the same state and the
/// present catalogue: one list a user, with its provenance; a tombstone for who was erased. A list without any item goes out
/// only where an earlier one may be out, which it takes the place of.
public final class ReplayPublisher {
    /// Lists published.
    public private(set) var lists = 0
    /// Lists that were larger than their topic takes, and were left out.
    public private(set) var tooLarge = 0
    private let reading: any TopicReading
    private let generation: Generation?
    /// Whether the topic of lists has any.
    private var hasEarlierLists = false
    /// Whether lists are ranked with a generation: where the deployment serves one.
    public var hasGeneration: Bool { generation != nil }
    private let progress: (Int) -> Void
    private let workspace = QueryWorkspace()
    private let writer = ByteWriter()

    /// - Parameters:
    ///   - reading: has the generation that is served, the catalogue, and the lists that are out.
    ///   - progress: told how many users are done.
    public init(_ reading: any TopicReading, progress: @escaping (Int) -> Void = { _ in }) throws(LogError) {
        self.reading = reading
        self.progress = progress
        generation = try Self.served(reading)
    }

    /// The generation that a deployment serves, or the one before where it cannot be read; nil without one.
    static func served(_ reading: any TopicReading) throws(LogError) -> Generation? {
        let follower = try GenerationFollower { (offset) throws(LogError) in
            try reading.reader(.models, partition: 0, from: offset)
        }
        var generation: Generation?
        while !follower.hasCaughtUp { generation = try follower.advance() ?? generation }
        return generation
    }

    func takeCatalogue(into replay: Replay) throws(LogError) { try replay.takeCatalogue(reading) }

    func publish(_ replay: Replay, to output: any ReplayOutput) throws(LogError) {
        for partition in try reading.partitions(.recommendations) where !hasEarlierLists {
            let lists = try reading.reader(.recommendations, partition: partition, from: 0)
            hasEarlierLists = try !lists.offsets().isEmpty
        }
        let ranker = Ranker(table: replay.items.table, rules: replay.settings.rules)
        let serving = generation.map { ServingGeneration($0, identifiers: replay.items.table.identifiers) }
        ranker.begin(generation: serving, blend: replay.settings.blend)
        var done = 0
        for partition in replay.stores.keys.sorted() {
            guard let store = replay.stores[partition] else { continue }
            var users: [UserStore.User] = []
            for user in 0..<store.upperBound where store[UserStore.User(user)].isPresent {
                users.append(UserStore.User(user))
            }
            for start in stride(from: 0, to: users.count, by: QueryWorkspace.queriesMax) {
                let part = users[start..<min(start + QueryWorkspace.queriesMax, users.count)]
                try publish(part, store, partition, ranker, replay, to: output)
                done += part.count
                progress(done)
            }
        }
        for user in replay.erased.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            try addTombstones(user, to: output)
        }
    }

    private func publish(
        _ users: ArraySlice<UserStore.User>, _ store: UserStore, _ partition: Int32, _ ranker: Ranker,
        _ replay: Replay, to output: any ReplayOutput
    ) throws(LogError) {
        let settings = replay.settings
        let encoder = ListEncoder(settings: settings)
        workspace.removeAll()
        for user in users {
            let seed = settings.listSeed(userHash: store.identifiers.hash(user), offset: store[user].offset)
            workspace.add(store[user], seed: seed, scale: settings.scale, decay: settings.decay)
        }
        var problem: LogError?
        workspace.withQueries { queries in
            ranker.rank(queries) { place, list, own in
                guard problem == nil, hasEarlierLists || !list.isEmpty || !own.isEmpty else { return }
                let user = users[users.startIndex + place]
                let id = store.identifiers.bytes(user)
                writer.removeAll()
                encoder.encode(
                    user: id, time: store[user].latestTime, items: list, own: own, table: replay.items.table,
                    provenance: .init(
                        partition: partition, offset: store[user].offset, itemsOffset: replay.items.offset,
                        generation: generation?.number),
                    to: writer)
                do throws(LogError) { try add(id, to: output) } catch { problem = error }
            }
        }
        if let problem { throw problem }
    }

    private func add(_ user: UnsafeRawBufferPointer, to output: any ReplayOutput) throws(LogError) {
        guard user.count + writer.count <= output.bytesMax(.recommendations) else {
            tooLarge += 1
            return
        }
        try output.add(OutputRecord(topic: .recommendations, partition: nil, key: user, value: writer.bytes))
        lists += 1
    }

    private func addTombstones(_ user: [UInt8], to output: any ReplayOutput) throws(LogError) {
        let result = user.withUnsafeBytes { key in
            Result { () throws(LogError) in
                try output.add(OutputRecord(topic: .recommendations, partition: nil, key: key, value: nil))
                try output.add(OutputRecord(topic: .userFeatures, partition: nil, key: key, value: nil))
            }
        }
        try result.get()
    }
}
