import Pipeline

/// One session of one instance with the simulated broker: the `EventLog` that the worker under test works on.
///
/// Every call may fail or stall. A session that is dead or replaced does nothing more; what it had begun stays on the
/// broker as an orphan.
final class SimulatedLog: EventLog {
    struct Fetch {
        var position: Int64
        /// The committed offset that the partition was taken up at.
        var start: Int64
        var isResumed = false
        /// The group asks for it back: nothing more of it is delivered.
        var isRevoked = false
        var saidEnd: Int64 = -1
    }

    let broker: SimulatedBroker
    let group: SimulatedGroup
    let random: SimulationRandom
    let time: VirtualTime
    /// Transactional id, and name in reports.
    let name: String
    let instance: String?
    let isTransactional: Bool
    var rates: FaultRates
    let planted: PlantedFault?
    /// Lets the other instances work while this one stands still.
    var onStall: (SimulatedLog, Int) -> Void = { _, _ in }

    // The process and its standing in the group.
    var isDead = false
    var isFrozen = false
    var isReplaced = false
    private var freezes = 0
    /// When it was frozen last.
    private var frozenAt: UInt64 = 0
    var memberID = 0
    private(set) var held: Set<Int32> = []
    var fetches: [Int32: Fetch] = [:]
    private var granted: [Int32] = []
    private var asked: [Int32] = []
    private var hasEmptyAssignment = false
    /// Expelled, and aware of it.
    private var isOutside = false
    /// With the planted fault: what the member had when it was expelled.
    private var kept: [Int32: Fetch] = [:]

    // Output.
    /// A producer, and what it has not handed to the broker.
    struct Turn {
        let id: String
        var epoch = 0
        var outbox: [(place: Place, draft: RecordDraft, since: UInt64)] = []
    }

    /// Two producers that take turns, where there are transactions.
    var turns: [Turn]
    /// Whose turn it is to send.
    var turn = 0
    /// Whether all records of the commit under way are with the broker.
    var isWritten = false
    let messageTimeout: Int
    var hasLostRecords = false
    var isCommitting = false
    var result: Result<CommitOutcome, LogError>?
    /// What the background thread does when the process goes on.
    var deferred: [() -> Void] = []
    var appended: [LogTopic: Int] = [:]

    init(
        broker: SimulatedBroker, group: SimulatedGroup, name: String, instance: String?, isTransactional: Bool,
        messageTimeout: Int, rates: FaultRates, planted: PlantedFault?
    ) {
        self.messageTimeout = messageTimeout
        self.broker = broker
        self.group = group
        random = broker.random
        time = broker.time
        self.name = name
        self.instance = instance
        self.isTransactional = isTransactional
        self.rates = rates
        self.planted = planted
        turns = [Turn(id: name)]
        if isTransactional {
            turns.append(Turn(id: name + "-alternate"))
            for index in turns.indices { turns[index].epoch = broker.initTransactions(turns[index].id) }
        }
        memberID = group.join(self, instance: instance)
    }

    var isSilent: Bool { isDead || isFrozen }

    /// A call of the log may be the last one, or take very long.
    func mayFail(stalls: Bool = true) throws(LogError) {
        if !isDead, stalls, random.chance(rates.stall) { onStall(self, random.int(1...900)) }
        if isDead || random.chance(rates.crash) { throw LogError(.retriable, "simulated crash") }
    }

    // MARK: - Life

    /// Stops without a word: the broker finds out by its time-outs.
    func kill() {
        if !isTransactional { drain(turn, everything: false) }
        isDead = true
        for index in turns.indices { turns[index].outbox.removeAll() }
        deferred.removeAll()
        group.silence(of: memberID) { true }
    }

    /// Leaves in order: a dynamic member at once, a static one stays until its session ends.
    func close() {
        drain(turn, everything: !isTransactional)
        isDead = true
        if isTransactional { abortOpen(turn) }
        if instance == nil { group.leave(memberID) } else { group.silence(of: memberID) { true } }
    }

    func freeze() {
        isFrozen = true
        frozenAt = time.now
        freezes += 1
        let this = freezes
        group.silence(of: memberID) { [self] in isFrozen && freezes == this }
    }

    /// Whether it has stood still for so long that whoever watches over the processes puts another in its place, under the
    /// same name. Without transactions nothing fences the old one but the time-out of what it had sent: it has to be dead,
    /// or as good as dead (the README's limits).
    var isGivenUp: Bool { isFrozen && (isTransactional || time.now > frozenAt + UInt64(messageTimeout)) }

    func thaw() {
        isFrozen = false
        let actions = deferred
        deferred.removeAll()
        for action in actions { time.after(random.int(0...3), action) }
    }

    // MARK: - What the group tells the session

    func grant(_ partition: Int32) {
        if let fetch = kept.removeValue(forKey: partition) {
            held.insert(partition)
            fetches[partition] = fetch
        } else {
            granted.append(partition)
        }
    }

    /// Takes back a partition that the session has not heard of; false when it has.
    func withdraw(_ partition: Int32) -> Bool {
        guard let place = granted.firstIndex(of: partition) else { return false }
        granted.remove(at: place)
        return true
    }

    func ask(back partition: Int32) {
        if !asked.contains(partition) { asked.append(partition) }
    }

    func keep(_ partition: Int32) { asked.removeAll { $0 == partition } }

    func noteEmptyAssignment() { hasEmptyAssignment = true }

    // MARK: - Input

    func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange] {
        try mayFail()
        if isReplaced { throw LogError(.fenced, "another member has the instance id \(instance ?? "")") }
        time.advance(random.int(0...2))
        guard max > 0 else { return [] }
        var changes: [GroupChange] = []
        var room = min(max, random.int(0...12))
        for partition in random.shuffled(fetches.keys.sorted()) {
            if let end = deliver(partition, &room, record) { changes.append(end) }
        }
        if group.has(memberID) { return changes + assignmentChanges() }
        if isOutside {
            // It joins again when it has given up what it lost.
            if held.isEmpty { join() }
            return changes
        }
        // Its heartbeats tell a member that came back; it may take a while.
        return random.chance(0.5) ? changes + expelled() : changes
    }

    private func deliver(
        _ number: Int32, _ room: inout Int, _ record: (borrowing LogRecord) -> Void
    ) -> GroupChange? {
        guard var fetch = fetches[number], fetch.isResumed, !fetch.isRevoked else {
            return nil
        }
        let partition = broker.partition(.events, number)
        let stable = partition.stableEnd
        if random.chance(rates.redelivery) {
            fetch.position = max(fetch.start - 2, fetch.position - Int64(random.int(1...4)), 0)
        }
        var index = partition.index(of: fetch.position)
        var hasMoved = false
        while index < partition.records.count, room > 0 {
            let found = partition.records[index]
            guard found.offset < stable else { break }
            if partition.isVisible(found) {
                found.deliver(topic: .events, partition: number, to: record)
                room -= 1
                hasMoved = true
            }
            fetch.position = found.offset + 1
            index += 1
        }
        let isAtEnd = fetch.position >= stable && fetch.saidEnd != stable && !hasMoved
        if isAtEnd { fetch.saidEnd = stable }
        fetches[number] = fetch
        return isAtEnd ? .end(partition: number, offset: stable) : nil
    }

    private func assignmentChanges() -> [GroupChange] {
        var changes: [GroupChange] = []
        if !asked.isEmpty, random.chance(0.7) {
            for partition in asked { fetches[partition]?.isRevoked = true }
            changes.append(.revoked(asked.sorted()))
            asked.removeAll()
        }
        if !granted.isEmpty || hasEmptyAssignment, random.chance(0.7) {
            held.formUnion(granted)
            changes.append(.assigned(granted.sorted()))
            granted.removeAll()
            hasEmptyAssignment = false
        }
        return changes
    }

    private func expelled() -> [GroupChange] {
        granted.removeAll()
        asked.removeAll()
        isOutside = true
        if planted == .stateKeptAfterFencing {
            for partition in held { kept[partition] = fetches[partition] }
            held.removeAll()
            fetches.removeAll()
        }
        for partition in held { fetches[partition]?.isRevoked = true }
        return held.isEmpty ? [] : [.lost(held.sorted())]
    }

    private func join() {
        isOutside = false
        memberID = group.join(self, instance: instance)
    }

    func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        try mayFail()
        guard !broker.hasPendingOffsets([partition]), random.chance(0.7) else { return nil }
        var offset = broker.offsets[partition]
        if planted == .emittingDuringRestore { offset = offset.map { min($0, broker.markedOffset(partition) ?? $0) } }
        let log = broker.partition(.events, partition)
        return StoredOffset(offset: offset, low: log.low, end: log.end)
    }

    func itemLogEnd() throws(LogError) -> Int64 { broker.partition(.itemLog, 0).end }

    func take(_ partitions: [Int32]) throws(LogError) {
        try mayFail()
        for partition in partitions {
            precondition(held.contains(partition), "only assigned partitions are taken up")
            fetches[partition] = Fetch(position: 0, start: 0)
        }
    }

    func resume(_ offsets: [Int32: Int64]) throws(LogError) {
        try mayFail()
        for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            fetches[partition]?.position = offset
            fetches[partition]?.start = offset
            if fetches[partition]?.isResumed == true {
                broker.violations.append("\(name) resumes partition \(partition), which was not paused")
            }
            fetches[partition]?.isResumed = true
        }
    }

    func release(_ partitions: [Int32]) throws(LogError) {
        try mayFail()
        for partition in partitions where held.remove(partition) != nil {
            fetches[partition] = nil
            group.release(partition, by: memberID)
        }
    }

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        try mayFail()
        return SimulatedReader(self, Place(topic: topic, partition: partition), from: offset)
    }
}
