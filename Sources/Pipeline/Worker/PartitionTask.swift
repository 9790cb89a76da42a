internal import Events
internal import Models

/// The work on one partition of the events topic (as a task of Kafka Streams): its users, and what its events teach the
/// items. The single writer of both.
///
/// It moves forward through restore (the checkpoints, then the events that they do not cover) to live work; only live
/// work has output.
public final class PartitionTask {
    /// Where the partition stands.
    enum Phase {
        /// Others restore first.
        case waiting
        /// Reading checkpoints.
        case checkpoints(any LogReader, CheckpointBatch)
        /// Waiting for the committed offset.
        case offset
        /// Re-applying events up to the committed offset.
        case events(any LogReader, until: Int64)
        case live
    }

    public let partition: Int32
    /// The partition's users, whom nobody else writes.
    public let store = UserStore()
    var phase = Phase.waiting
    /// Where it could not be read: when to try again.
    var restsUntil: UInt64 = 0
    /// The next offset to fold.
    public internal(set) var position: Int64 = 0
    /// Whether records flow.
    var isResumed = false
    /// The committed offset that the work began at.
    var committed: Int64 = 0
    /// Where the events topic began then.
    var low: Int64 = 0
    /// Since when the items are found not to know what this partition has taught, and where the item log ended then: it may
    /// only be that they have not come so far.
    var untaught: (since: UInt64, end: Int64)?
    let block: ItemLogBlockWriter
    /// Users whose list is to be ranked, in the order of their first event.
    var touched: [UserStore.User] = []
    /// Users with a list shorter than asked for.
    var short: [UserStore.User] = []
    /// How many of them, from the first on, the item table has moved for and that have not been ranked since.
    var shortDue = 0
    /// For the live quality, and to find lists that name an item which was withdrawn; no state.
    var lastLists: LastLists
    /// Users erased since the last commit.
    var erased: [[UInt8]] = []
    /// The last one, read or written.
    var marker: CheckpointRecord.Marker?
    /// Where the partition stood at earlier commits, and when they began: users that are dirty since then are old enough for
    /// a checkpoint when it is long enough ago.
    private var positions: [(time: UInt64, position: Int64)] = []
    private var ripe: Int64 = .min
    /// Without transactions a member that died may have published lists of events below this, which it did not commit.
    var doubtfulUntil: Int64 = 0
    /// Records read while restoring, for a progress line.
    var restored = 0

    /// - Parameter listItems: the length of a list.
    init(partition: Int32, items: IdentifierTable, listItems: Int) {
        self.partition = partition
        lastLists = LastLists(length: listItems)
        block = ItemLogBlockWriter(items: items)
    }

    /// Goes on from the committed offset.
    func begin(at offset: Int64) {
        committed = offset
        position = offset
        block.begin(first: offset)
    }

    /// Notes where the partition stands now.
    func notePosition(at now: UInt64) {
        if positions.last?.position != position { positions.append((now, position)) }
    }

    /// The offset before which users that are dirty have been so for at least `delay` ms, or for so many events that a
    /// training, which reads checkpoints, would miss more of the partition than it should.
    func ripeOffset(now: UInt64, delay: UInt64) -> Int64 {
        if delay == 0 {
            positions.removeAll()
            return .max
        }
        let passed = positions.prefix { $0.time + delay <= now }
        if let last = passed.last {
            ripe = last.position
            positions.removeFirst(passed.count)
        }
        return max(ripe, position - position / Self.trailingShare)
    }

    /// One event in so many may be missing in the checkpoints.
    private static let trailingShare: Int64 = 20

    /// Whether its events flow: nothing of what they need is missing any more.
    var isServing: Bool { isLive && isResumed }

    var isLive: Bool {
        if case .live = phase { true } else { false }
    }

    /// Whether its restore has a reader at work.
    var isReading: Bool {
        switch phase {
        case .waiting, .offset, .live: false
        case .checkpoints, .events: true
        }
    }

    /// Notes that a user's list is to be ranked.
    func touch(_ user: UserStore.User) {
        guard !store.states[Int(user)].isTouched else { return }
        store.states[Int(user)].isTouched = true
        touched.append(user)
    }
}
