public import Events
public import Models

/// What a worker does and how; the part that state depends on makes its fingerprint.
public struct WorkerSettings: Sendable {
    // State depends on these.
    public var user = UserFold.Settings()
    public var items = ItemTable.Settings()
    /// What types of events are called. The markers of checkpoints have their hash, the fingerprint has not: users that
    /// are stored keep what they learnt under other names.
    public var typeNames = EventTypeNames.standard
    /// Which records' events may be learnt; of it, the fingerprint has the bound on times in the future.
    public var admission = EventAdmission()

    // Derived output depends on these.
    /// Ratings when a list is ranked: what events are worth, and how they fade.
    public var scale = RatingScale.standard
    public var decay = Decay(halfLifeMilliseconds: 30 * 86_400_000)
    public var rules = RankingRules()
    /// How learners are weighed where no generation serves.
    public var blend = BlendSettings()
    /// Of exploration; with it go the user and the offset of the user's last event.
    public var seed: UInt64 = 0
    /// Names this configuration in the provenance of lists.
    public var variant = "default"

    // Pace; neither state nor lists depend on it.
    /// The most records that one batch takes.
    public var batchRecordsMax = 4096
    /// From the beginning of one commit to that of the next, in ms.
    public var commitIntervalMilliseconds: UInt64 = 100
    /// How long a user's state may be newer than its checkpoint, in ms: what a busy user does within it is written once,
    /// and a restore applies that much of the events again.
    public var checkpointDelayMilliseconds: UInt64 = 0
    /// Checkpoint bytes that a commit writes for a partition, for each interval since the last one.
    public var checkpointBytes = 1 << 20
    /// Checkpoint bytes of a commit in all, where it writes more than that: at the end of the process, or after long rounds.
    /// A transaction without a bound would take longer than it may be open, after each start again.
    public var flushBytes = 16 << 20
    /// What output may take in memory while it waits for a commit, or for the end of the one under way; beyond it nothing
    /// more is read.
    public var pendingBytesMax = 64 << 20
    /// A block of the item log is closed at this size.
    public var blockBytes = 400 << 10
    /// Users with a short list that are ranked again each time the item table has moved.
    public var shortListsPerBatch = 1024
    /// Users that are ranked again with a new generation, in a batch: so few that the lists of events beside them wait a
    /// millisecond or two. With 256 a training's promotion was most of what lists waited for meanwhile.
    public var reranksPerBatch = 16
    /// The same in a second, while events come.
    public var reranksPerSecond = 1000
    /// Users that a new generation ranks again, at most: those who got a list last.
    public var activeUsersMax = 20_000
    /// The least event time between two rows of a user's features, in ms.
    public var featuresIntervalMilliseconds: Int64 = 3_600_000
    /// Whether lists, features and dead letters are written; false rebuilds beside another deployment.
    public var publishes = true
    /// Without transactions: checkpoints that could not be written for so long after their commit began are void, since
    /// another member may have the partition. Less than the group's session time-out.
    public var checkpointsValidMilliseconds: UInt64 = 8_000
    /// Named in markers, so that a new owner can fence the last one.
    public var writer = ""

    public init() {}

    /// What makes the fingerprint, for people.
    static let foldSettings = "learning.*, the session gap among them, and ingest.future-bound"

    /// A hash of what user and item state depend on; it is stored with them.
    public var fingerprint: UInt64 {
        let writer = ByteWriter()
        writer.byte(UserStateCodec.version)
        writer.byte(UserFold.version)
        writer.byte(ItemSnapshot.version)
        writer.byte(ItemFold.version)
        writer.varint(user.historyItemsMax)
        writer.signed(user.sessionGapMilliseconds)
        writer.varint(user.window)
        writer.signed(admission.futureBoundMilliseconds)
        writer.varint(items.covisitation.window)
        writer.double(items.covisitation.distanceExponent)
        writer.double(items.covisitation.backwardWeight)
        writer.signed(items.covisitation.halfLifeMilliseconds)
        writer.varint(items.covisitation.neighbours)
        writer.varint(items.itemsMax)
        for halfLife in items.popularityHalfLives { writer.signed(halfLife) }
        return Hash64.hash(writer.bytes)
    }

    /// A hash of what a list depends on beside state and generation; lists name it.
    public var configurationHash: UInt64 {
        let writer = ByteWriter()
        writer.fixed(fingerprint)
        for rating in [scale.view, scale.removeFromCart, scale.cart, scale.purchase] { writer.double(rating) }
        writer.signed(decay.halfLifeMilliseconds)
        for count in [rules.listItems, rules.historyItems, rules.perCategoryMax, rules.continueItems] {
            writer.varint(count)
        }
        writer.byte(rules.excludesSeen ? 1 : 0)
        writer.double(rules.exploration)
        GenerationCodec.encode(blend, to: writer)
        writer.fixed(seed)
        writer.text(variant)
        return Hash64.hash(writer.bytes)
    }
}
