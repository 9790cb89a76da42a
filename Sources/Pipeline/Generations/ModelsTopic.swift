internal import Events
public import Models

/// `freshet.models` as commands see it: read to its present end, written to beside a leader that may be at work.
///
/// There is no lock between the two. A command reads to the end just before it writes, takes the next free number, and
/// reads back what then lies there: content that is not its own was written by the leader in the same moment, and the
/// command tries again at the next number. Where the one that wrote later won unseen by the other, the leader says so in
/// its log (`GenerationShelf.overwritten`). In no order is a mixture served, or a generation by another one's decision.
public final class ModelsTopic {
    private let reading: any TopicReading
    private let write: ([GenerationRecords.Record]) throws(LogError) -> Void
    private let bytesMax: Int
    private var position: Int64 = 0
    /// What the topic says, as far as it was read.
    public private(set) var shelf = GenerationShelf()
    /// Rounds of reading back, of 100 ms each, before a write counts as lost.
    private static let readBacksMax = 100
    private static let attemptsMax = 3

    /// - Parameters:
    ///   - bytesMax: of a record that the topic takes.
    ///   - write: writes records to the only partition of the topic in their order, and returns when they are acknowledged.
    public init(
        _ reading: any TopicReading, bytesMax: Int = .max,
        write: @escaping ([GenerationRecords.Record]) throws(LogError) -> Void
    ) throws(LogError) {
        self.reading = reading
        self.bytesMax = bytesMax
        self.write = write
        try refresh()
    }

    /// Reads on to the topic's present end.
    public func refresh() throws(LogError) {
        // A new reader is told the end as it is now.
        let reader = try reading.reader(.models, partition: 0, from: position)
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = try reader.read(max: 64, timeoutMilliseconds: 100) { record in
                guard let key = record.key else { return }
                shelf.take(key: key, value: record.value, offset: record.offset)
            }
        }
        position = max(position, reader.position)
    }

    /// A generation by its number, promoted or not.
    public func generation(_ number: Int) throws(LogError) -> Generation {
        let follower = try GenerationFollower(only: number) { [reading] (offset) throws(LogError) in
            try reading.reader(.models, partition: 0, from: offset)
        }
        while !follower.hasCaughtUp {
            if let found = try follower.advance() { return found }
        }
        throw LogError(.state, "there is no whole generation \(number); `freshet models list` shows what there is")
    }

    /// The generation that lists are ranked with.
    public func serving() throws(LogError) -> Generation? {
        guard let choice = shelf.choice else { return nil }
        return try generation(choice.number)
    }

    // MARK: - Writing

    /// Publishes a generation with its decision at the next free number.
    /// - Returns: the decision with that number; nil where it was not published, because another generation serves by
    ///   now than the one that this one was compared with.
    /// - Throws: when another writer took the number each time.
    public func publish(
        _ generation: Generation, _ decision: GenerationDecision, keeping kept: Int = GenerationRecords.promotedKept
    ) throws(LogError) -> GenerationDecision? {
        for _ in 0..<Self.attemptsMax {
            try refresh()
            guard shelf.isCurrent(decision) else { return nil }
            let publication = shelf.publication(generation, decision, keeping: kept, bytesMax: bytesMax)
            try write(publication.records)
            let number = publication.decision.number
            try readBack { $0.decisions[number] != nil }
            if shelf.decisions[number]?.content == publication.decision.content,
                shelf.content(number)?.content == publication.decision.content
            {
                try write([shelf.record])
                return publication.decision
            }
        }
        throw LogError(.retriable, "the leader published at the same moment \(Self.attemptsMax) times: try again")
    }

    /// Decides by hand that a whole generation is promoted, the last of all.
    public func promote(_ number: Int) throws(LogError) {
        guard let content = shelf.content(number) else {
            throw LogError(.state, "there is no whole generation \(number); `freshet models list` shows what there is")
        }
        var decision = shelf.decisions[number] ?? GenerationDecision(isPromoted: true, reason: .byHand)
        decision.number = number
        decision.content = content.content
        decision.isPromoted = true
        decision.reason = .byHand
        try write([GenerationRecords.decision(decision)])
        try readBack { $0.promoted.last == number }
        try write([shelf.record])
    }

    /// Names the generation that is served whatever is promoted; nil ends that.
    public func pin(_ number: Int?) throws(LogError) {
        if let number, !shelf.promoted.contains(number) {
            throw LogError(
                .state,
                shelf.whole.contains(number)
                    ? "generation \(number) was refused; `freshet models promote \(number)` decides otherwise"
                    : "there is no whole generation \(number); `freshet models list` shows what there is")
        }
        try write([GenerationRecords.serving(number)])
        try readBack { $0.pinned == number }
        try write([shelf.record])
    }

    /// Goes back to the generation that was promoted before the one that is served, and stays there.
    /// - Returns: its number.
    public func rollBack() throws(LogError) -> Int {
        let promoted = shelf.promoted
        guard let choice = shelf.choice, let place = promoted.firstIndex(of: choice.number), place > 0 else {
            throw LogError(.state, "there is no earlier promoted generation to go back to")
        }
        try pin(promoted[place - 1])
        return promoted[place - 1]
    }

    /// Reads on until what was written is there; what others write meanwhile is read too.
    private func readBack(_ isThere: (GenerationShelf) -> Bool) throws(LogError) {
        for _ in 0..<Self.readBacksMax {
            try refresh()
            if isThere(shelf) { return }
        }
        throw LogError(.retriable, "what was written to the models topic does not come back: is a transaction open?")
    }
}
