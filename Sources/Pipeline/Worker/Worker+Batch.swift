/// How long a batch is.
extension Worker {
    /// Whether partitions come or go, which has to be answered first; the end of one is no reason to end a batch.
    func hasGroupChange(_ round: Round) -> Bool {
        round.changes.contains { if case .end = $0 { false } else { true } }
    }

    /// How many more records a batch takes. A live one takes what is there; one that is behind goes on while most of its
    /// records are bursts, that is, of users whose list it makes anyway. It ends before lists become rare, or would take too
    /// long.
    func moreForBatch(_ records: Int) -> Int {
        guard records >= settings.batchRecordsMax, records < Self.burstRecordsMax(settings.batchRecordsMax) else {
            return 0
        }
        let lists = partitions.values.reduce(0) { $0 + $1.touched.count }
        let share = Double(lists) / Double(records)
        guard share < Self.burstShareMax, share > Self.listShareMin else { return 0 }
        guard Double(lists) * listMilliseconds < Self.burstMillisecondsMax else { return 0 }
        return settings.batchRecordsMax / 4
    }

    /// The most records of a batch of bursts, beside a setting for the others.
    static func burstRecordsMax(_ batchRecordsMax: Int) -> Int {
        max(batchRecordsMax, min(batchRecordsMax * burstBatches, burstRecordsMax))
    }

    /// Lists a record below which a batch counts as made of bursts.
    private static let burstShareMax = 0.8
    /// Lists a record that a longer batch must not fall below; what it takes at last may go a little lower.
    private static let listShareMin = 0.305
    /// How many times as long a batch of bursts may be: about two seconds of lists.
    private static let burstBatches = 16
    /// However long the others may be.
    private static let burstRecordsMax = 65_536
    /// How long the lists of a batch of bursts may take: half of the time that a transaction may be open.
    private static let burstMillisecondsMax = 2_500.0

    /// Notes how long a round's lists took.
    func noteRanking(_ lists: Int, since began: UInt64) {
        rankedMilliseconds = clock() - began
        // The clock has whole milliseconds.
        if rankedMilliseconds >= 50 { listMilliseconds = Double(rankedMilliseconds) / Double(lists) }
    }

    /// Whether the last round ranked for so long that no transaction should be open during another one like it.
    var isRoundLong: Bool { rankedMilliseconds >= 500 }

    /// How much to read: nothing while too much waits for a commit. But after an aborted commit the group may have
    /// expelled this member, which it hears of only where it reads; until it does, every other commit is aborted too.
    var recordsMax: Int {
        if commit.memoryBytes < settings.pendingBytesMax { return settings.batchRecordsMax }
        return commit.cycle.isRepeating ? 1 : 0
    }
}
