public import Events
public import Models

/// Reads users' histories for training from the checkpoints in `freshet.users`: no event need be kept for it.
public enum TrainingReader {
    /// The histories of all users, as their last checkpoints have them; nil when `isCancelled` says so.
    /// - Parameters:
    ///   - interactionsMax: past it users are left out (`UserSample`); 0 for no bound.
    ///   - progress: told the share that is read.
    public static func histories(
        _ log: any TopicReading, scale: RatingScale, decay: Decay, descriptions: ItemDescriptions = ItemDescriptions(),
        interactionsMax: Int = 0, progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool
    ) throws(LogError) -> TrainingHistories? {
        let items = IdentifierTable(capacity: 1 << 14)
        let codec = UserStateCodec(items: items)
        var builder = TrainingHistories.Builder(scale: scale, decay: decay)
        var sample = UserSample(interactionsMax: interactionsMax)
        let partitions = try log.partitions(.users)
        for (number, partition) in partitions.enumerated() {
            let store = UserStore()
            let reader = try log.reader(.users, partition: partition, from: 0)
            let offsets = try reader.offsets()
            var isAtEnd = false
            while !isAtEnd {
                if isCancelled() { return nil }
                isAtEnd = try reader.read(max: 10_000, timeoutMilliseconds: 50) { record in
                    guard case .user(let id, let state)? = try? CheckpointRecord.content(record), sample.takes(id)
                    else { return }
                    if let state {
                        _ = try? codec.decode(state, user: id, into: store)
                    } else if let user = store.find(id) {
                        store.erase(user)
                    }
                }
                let share = Double(reader.position - offsets.lowerBound) / Double(max(1, offsets.count))
                progress((Double(number) + min(1, max(0, share))) / Double(partitions.count))
            }
            store.forEachByHash { sample.add(store.identifiers.bytes($0), store[$0], to: &builder) }
        }
        return builder.build(
            items, category: { descriptions[items.text($0)].category }, brand: { descriptions[items.text($0)].brand },
            price: { descriptions[items.text($0)].price })
    }
}

extension UserStore {
    /// Adds each user's history, newest first, in the order of `forEachByHash`.
    public func addHistories(to builder: inout TrainingHistories.Builder) {
        forEachByHash { builder.append(self[$0]) }
    }

    /// All users, in the order of their ids' hashes, which depends on neither batches nor restarts.
    func forEachByHash(_ body: (User) -> Void) {
        var users: [User] = []
        for user in 0..<upperBound where self[User(user)].isPresent { users.append(User(user)) }
        users.sort { identifiers.precedes($0, $1) }
        users.forEach(body)
    }
}

extension TrainingHistories.Builder {
    /// Adds a user's history.
    public mutating func append(_ state: UserState) {
        for entry in state.entries.reversed() {
            // The first touch: what came later is not held out from a model that knows the pair.
            append(entry.item, events: entry.rating, time: Int64(entry.firstSeconds) * 1000)
        }
        endUser()
    }
}
