internal import Events
public import Models

/// What the models topic says, record by record: which generations are whole, what was decided, which one to serve.
///
///     chunks ──manifest──► whole ──decision: promoted──► promoted ──newest, or named by `serving`──► the choice
///                            └────decision: refused───► refused, never served; `promote` by hand decides anew
///
/// A generation whose chunks are not those that its manifest names, because its writer died or another one took the same
/// number, is not whole, and a decision about other content than what lies there is none.
public struct GenerationShelf: Sendable {
    /// A generation that may be served: its number alone does not tell what lies there.
    public struct Choice: Sendable, Equatable {
        public let number: Int
        /// The hash of the manifest's record, which holds the hashes of all chunks: other content has another one.
        public let content: UInt64
    }

    /// What is known of one generation's records.
    struct Entry: Sendable {
        /// The hash of each chunk, and where the first one lies in the topic.
        var chunks: [Int: UInt64] = [:]
        var firstOffset: Int64 = .max
        /// The chunks' hashes as the manifest names them, and their hash.
        var manifest: (hashes: [UInt64], content: UInt64)?

        /// The content, if all of it is there.
        var content: UInt64? {
            guard let manifest, manifest.hashes.indices.allSatisfy({ chunks[$0] == manifest.hashes[$0] }) else {
                return nil
            }
            return manifest.content
        }
    }

    var entries: [Int: Entry] = [:]
    /// Past the last record that was taken in.
    var position: Int64 = 0
    /// What was decided, by number.
    public internal(set) var decisions: [Int: GenerationDecision] = [:]
    /// Promoted generations in the order of their promotions, the last one at the end.
    var promotions: [Int] = []
    /// The generation that is served whatever is promoted.
    public internal(set) var pinned: Int?
    /// Numbers that a second writer took while another generation lay there: the first one's is gone.
    public internal(set) var overwritten: Set<Int> = []

    /// Generations that another version of this program wrote: they cannot be read.
    public internal(set) var foreign: Set<Int> = []

    public init() {}

    mutating func take(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, offset: Int64) {
        position = max(position, offset + 1)
        switch GenerationRecords.Key(key) {
        case .chunk(let number, let chunk)?:
            var entry = entries[number] ?? Entry()
            entry.chunks[chunk] = value.map { Hash64.hash($0) }
            if value != nil { entry.firstOffset = min(offset, entry.firstOffset) }
            put(entry, at: number)
        case .manifest(let number)?:
            var entry = entries[number] ?? Entry()
            let before = entry.manifest?.content
            entry.manifest = value.flatMap { bytes in
                GenerationRecords.hashes(manifest: bytes).map { ($0, Hash64.hash(bytes)) }
            }
            if value != nil, entry.manifest == nil { foreign.insert(number) } else { foreign.remove(number) }
            if let before, let now = entry.manifest?.content, before != now { overwritten.insert(number) }
            put(entry, at: number)
        case .decision(let number)?:
            promotions.removeAll { $0 == number }
            decisions[number] = value.flatMap { try? GenerationDecisionCodec.decode($0) }
            if decisions[number]?.isPromoted == true { promotions.append(number) }
        case .serving?:
            pinned = value.flatMap { GenerationRecords.number(String(decoding: $0, as: UTF8.self)) }
        case .shelf?, nil: break
        }
    }

    private mutating func put(_ entry: Entry, at number: Int) {
        entries[number] = entry.chunks.isEmpty && entry.manifest == nil ? nil : entry
    }

    /// The whole generations, lowest first.
    public var whole: [Int] { entries.keys.filter { entries[$0]?.content != nil }.sorted() }

    /// What lies there of a whole generation.
    public func content(_ number: Int) -> Choice? {
        entries[number]?.content.map { Choice(number: number, content: $0) }
    }

    /// Whole, promoted generations in the order of their promotions.
    public var promoted: [Int] {
        promotions.filter { number in
            guard let content = entries[number]?.content else { return false }
            return decisions[number]?.content == content
        }
    }

    /// Whole generations that nothing was decided about: a program from before decisions wrote them, or their writer died
    /// just before it had decided.
    public var undecided: [Int] { whole.filter { decisions[$0] == nil } }

    /// Why nothing is served though there are generations; nil where one is, or where there is none.
    public var silence: String? {
        guard choice == nil else { return nil }
        func list(_ numbers: some Sequence<Int>) -> String { numbers.sorted().map(String.init).joined(separator: ", ") }
        if !undecided.isEmpty {
            return
                "nothing was decided about the generations \(list(undecided)) of the models topic, so lists are made "
                + "without one until the next training; `freshet models promote \(undecided.max() ?? 0)` serves one now"
        }
        guard !foreign.isEmpty else { return nil }
        return
            "another version of this program wrote the generations \(list(foreign)) of the models topic, which this one "
            + "cannot read: lists are made without one until the next training"
    }

    /// What to serve: the pinned generation where it is whole and promoted, else the one promoted last.
    public var choice: Choice? { choice(passing: []) }

    /// What to serve of all that can be read.
    func choice(passing unreadable: [Choice]) -> Choice? {
        let choices = promoted.compactMap { content($0) }.filter { !unreadable.contains($0) }
        return choices.first { $0.number == pinned } ?? choices.last
    }

    /// Whether a decision was made against what is served now: if not, another one was promoted meanwhile, and the
    /// candidate has to be compared with that one.
    public func isCurrent(_ decision: GenerationDecision) -> Bool { decision.serving == choice?.number }

    /// One more than any number that something is known of.
    public var nextNumber: Int { (Array(entries.keys) + Array(decisions.keys)).max().map { $0 + 1 } ?? 1 }

    /// Tombstones for what need not be kept when `newest` comes: all but the served generation, the `kept` promoted last,
    /// the one refused last, the newest; and decisions beyond the last `decisionsMax`. What is half written is left alone while it may grow.
    func surplus(keeping kept: Int, newest: Int) -> [GenerationRecords.Record] {
        var keeps = Set(promoted.suffix(kept))
        keeps.insert(newest)
        if let choice { keeps.insert(choice.number) }
        if let pinned { keeps.insert(pinned) }
        if let refused = whole.last(where: { decisions[$0]?.isPromoted == false }) { keeps.insert(refused) }
        var records: [GenerationRecords.Record] = []
        for number in entries.keys.sorted() where !keeps.contains(number) {
            guard let entry = entries[number], entry.content != nil || number + 2 < newest else { continue }
            for chunk in entry.chunks.keys.sorted() {
                records.append((GenerationRecords.Key.chunk(generation: number, chunk).text, nil))
            }
            records.append((GenerationRecords.Key.manifest(generation: number).text, nil))
        }
        let decided = Set(decisions.keys).union([newest]).sorted().dropLast(GenerationRecords.decisionsMax)
        for number in decided where !keeps.contains(number) {
            records.append((GenerationRecords.Key.decision(generation: number).text, nil))
        }
        return records
    }

    /// All records of a publication at the next free number: chunks, manifest, decision, then what goes.
    /// - Parameter bytesMax: of a record that the topic takes.
    func publication(
        _ generation: Generation, _ decision: GenerationDecision, keeping kept: Int, bytesMax: Int = .max
    ) -> (generation: Generation, decision: GenerationDecision, records: [GenerationRecords.Record]) {
        let numbered = generation.with(number: nextNumber)
        var records: [GenerationRecords.Record] = []
        var decision = decision
        for record in GenerationRecords.generation(numbered, bytesMax: bytesMax) {
            records.append((record.key.text, record.value))
            if case .manifest = record.key { decision.content = record.value.withUnsafeBytes { Hash64.hash($0) } }
        }
        decision.number = numbered.number
        decision.model = numbered.manifest.model
        records.append(GenerationRecords.decision(decision))
        // The promoted one of now counts among the kept.
        let others = max(1, kept - (decision.isPromoted ? 1 : 0))
        return (numbered, decision, records + surplus(keeping: others, newest: numbered.number))
    }
}

extension GenerationDecision {
    /// What it is about.
    var choice: GenerationShelf.Choice { GenerationShelf.Choice(number: number, content: content) }
}
