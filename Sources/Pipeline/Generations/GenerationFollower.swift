internal import Events
internal import Models

/// Follows `freshet.models`, and hands over the generation to serve whenever it becomes another one.
///
/// What is written last is kept while it comes in, for it is mostly what is served next; any other one (a roll-back, a
/// pin) is read again from where it begins in the topic.
///
/// One that cannot be read here, because it is damaged or a later program's, ends nobody: what is served stays, and at a
/// start the one promoted before it is taken.
public final class GenerationFollower {
    private let open: (Int64) throws(LogError) -> any LogReader
    private var reader: any LogReader
    /// Whether the topic's end is being looked through for the last shelf that was written down, which spares the start all
    /// that it says.
    private var looksForShelf: Bool
    /// Records at the end that are looked through: little follows a shelf.
    private static let tail: Int64 = 32
    /// What the topic says so far.
    public private(set) var shelf = GenerationShelf()
    /// The chunks of the generation that was written last.
    private var latest: (number: Int, chunks: [Int: Chunk]) = (-1, [:])
    private var served: GenerationShelf.Choice?
    /// Those that could not be decoded.
    private var unreadable: [GenerationShelf.Choice] = []
    /// Says once of each what cannot be read.
    public var notice: (String) -> Void = { _ in }
    private var fetch: Fetch?
    private var decoding: GenerationDecoding?
    /// Where the process's other followers may have it already.
    public var cache: GenerationCache?
    /// Performs the decoding of a generation, or gives one back, here or on another thread: decoding takes the time of
    /// thousands of lists.
    public var perform: (@escaping @Sendable () -> Void) -> Void = { $0() }
    /// Whether all that was there when it was last read has been read.
    private(set) var isAtEnd = false
    /// Whether the end has been met once: readers need not say it again.
    private var hasMetEnd = false
    /// Whether everything that was in the topic at the start has been read, and what is to be served handed over.
    public private(set) var hasCaughtUp = false
    /// The one generation that is looked for, whatever is served.
    private let wanted: Int?

    /// A generation on its way from an earlier place of the topic.
    private struct Fetch {
        let choice: GenerationShelf.Choice
        let reader: any LogReader
        var chunks: [Int: Chunk] = [:]
    }

    private struct Chunk {
        let hash: UInt64
        let bytes: [UInt8]
    }

    /// Records read at once where lists wait meanwhile: chunks are large.
    private static let recordsAtOnce = 2

    /// - Parameter open: reads the topic from an offset on.
    init(
        only wanted: Int? = nil, open: @escaping (Int64) throws(LogError) -> any LogReader
    ) throws(LogError) {
        self.open = open
        self.wanted = wanted
        looksForShelf = wanted == nil
        reader = try open(looksForShelf ? -Self.tail : 0)
    }

    /// Reads on; the generation to serve where it is another one than before.
    func advance() throws(LogError) -> Generation? {
        if looksForShelf, !(try findShelf()) { return nil }
        isAtEnd = try read(reader) { record in
            guard let key = record.key else { return }
            shelf.take(key: key, value: record.value, offset: record.offset)
            keep(key, record.value)
        }
        if isDecidedOtherwise(latest.number) { latest = (-1, [:]) }
        hasMetEnd = hasMetEnd || isAtEnd
        guard hasMetEnd else { return nil }
        let choice = wanted.map { shelf.content($0) } ?? self.choice
        guard let choice, choice != served else {
            fetch = nil
            decoding = nil
            hasCaughtUp = true
            return nil
        }
        if let decoding, decoding.choice == choice { return try take(decoding) }
        if let known = cache?.generation(choice) { return hand(over: known, choice) }
        guard let chunks = try chunks(of: choice) else { return nil }
        fetch = nil
        latest = (-1, [:])
        let decoding = GenerationDecoding(choice)
        self.decoding = decoding
        perform { decoding.decode(chunks) }
        return try take(decoding)
    }

    /// What is to be served here: what the topic says, unless it cannot be read.
    var choice: GenerationShelf.Choice? {
        guard let chosen = shelf.choice, unreadable.contains(chosen) else { return shelf.choice }
        return served ?? shelf.choice(passing: unreadable)
    }

    /// Takes up the last shelf near the end of the topic; true when the reader stands where reading begins.
    private func findShelf() throws(LogError) -> Bool {
        var last = shelf
        let isAtEnd = try reader.read(max: 64, timeoutMilliseconds: restoreWaitMilliseconds) { record in
            guard let key = record.key, let value = record.value, case .shelf? = GenerationRecords.Key(key) else {
                return
            }
            last = (try? GenerationShelf(encoded: value)) ?? last
        }
        shelf = last
        guard isAtEnd else { return false }
        looksForShelf = false
        reader = try open(shelf.position)
        // Mostly nothing has changed since: what it served comes in while the rest of the topic is read.
        if let choice = shelf.choice, cache?.generation(choice) == nil { fetch = try self.fetch(choice) }
        return true
    }

    /// Whether a generation is on its way.
    var isBusy: Bool { fetch != nil || decoding != nil }

    /// What was decoded, once it is.
    private func take(_ decoding: GenerationDecoding) throws(LogError) -> Generation? {
        switch decoding.result {
        case nil: return nil
        case .success(let generation)?:
            cache?.keep(generation, decoding.choice)
            return hand(over: generation, decoding.choice)
        case .failure(let error)?:
            if wanted != nil { throw error }
            self.decoding = nil
            unreadable.append(decoding.choice)
            if cache?.isFirst(unreadable: decoding.choice) ?? true { notice(error.message + consequence) }
            return nil
        }
    }

    private var consequence: String {
        guard let choice else { return "; until then lists are made without a generation" }
        return "; until then generation \(choice.number) is served"
    }

    private func hand(over generation: Generation, _ choice: GenerationShelf.Choice) -> Generation {
        served = choice
        hasCaughtUp = true
        fetch = nil
        decoding = nil
        latest = (-1, [:])
        return generation
    }

    private func fetch(_ choice: GenerationShelf.Choice) throws(LogError) -> Fetch {
        Fetch(choice: choice, reader: try open(shelf.entries[choice.number]?.firstOffset ?? 0))
    }

    private func keep(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        guard case .chunk(let number, let chunk)? = GenerationRecords.Key(key), let value,
            wanted == nil || wanted == number
        else { return }
        if latest.number != number { latest = (number, [:]) }
        guard let hash = shelf.entries[number]?.chunks[chunk] else { return }
        latest.chunks[chunk] = Chunk(hash: hash, bytes: Array(value))
    }

    private func read(
        _ reader: any LogReader, _ body: (borrowing LogRecord) -> Void
    ) throws(LogError) -> Bool {
        hasCaughtUp
            ? try reader.read(max: Self.recordsAtOnce, timeoutMilliseconds: 0, record: body)
            : try reader.read(max: 64, timeoutMilliseconds: restoreWaitMilliseconds, record: body)
    }

    /// Whether what was written last has been decided about, and is not to be served, so that its bytes need not be kept. A
    /// decision about other content is the one of whoever had the number before.
    private func isDecidedOtherwise(_ number: Int) -> Bool {
        guard wanted == nil, let decision = shelf.decisions[number], let content = shelf.content(number) else {
            return false
        }
        return decision.choice == content && choice != content
    }

    /// Bytes of generations that are kept.
    var heldBytes: Int { latest.chunks.values.reduce(0) { $0 + $1.bytes.count } }

    /// The chunks of a choice, in their order; nil while they are being read.
    private func chunks(of choice: GenerationShelf.Choice) throws(LogError) -> [[UInt8]]? {
        guard let hashes = shelf.entries[choice.number]?.manifest?.hashes else { return nil }
        func whole(_ chunks: [Int: Chunk]) -> [[UInt8]]? {
            var stream: [[UInt8]] = []
            for (index, hash) in hashes.enumerated() {
                guard let chunk = chunks[index], chunk.hash == hash else { return nil }
                stream.append(chunk.bytes)
            }
            return stream
        }
        if latest.number == choice.number, let found = whole(latest.chunks) { return found }
        if fetch?.choice != choice { fetch = try fetch(choice) }
        guard var present = fetch else { return nil }
        fetch = nil
        let isAtEnd = try read(present.reader) { record in
            guard let key = record.key, let value = record.value,
                case .chunk(choice.number, let chunk)? = GenerationRecords.Key(key)
            else { return }
            present.chunks[chunk] = Chunk(hash: Hash64.hash(value), bytes: Array(value))
        }
        if let found = whole(present.chunks) { return found }
        // At the end without all chunks: the topic has moved on, and the next round decides anew.
        if !isAtEnd { fetch = present }
        return nil
    }
}
