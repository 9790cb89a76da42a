import Events
import Pipeline

/// A log in memory with one member that has one partition of everything; commits succeed at once, unless told otherwise.
final class MemoryEventLog: EventLog, TopicReading {
    struct Output {
        var topic: LogTopic
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [String: String] = [:]
    }

    /// The most bytes of a record, where there is a bound.
    var limits: [LogTopic: Int] = [:]

    let topics = MemoryTopics()
    /// Nothing is delivered before `resume`.
    private var input: (any LogReader)?
    private var isAssigned = false
    private var isCommitting = false
    private(set) var written: [Output] = []
    private(set) var committed: [Int32: Int64] = [:]
    /// Who the marker says has written last, in the eyes of the last member.
    private(set) var lastWriter = ""

    var isTransactional = true

    func bytesMax(_ topic: LogTopic) -> Int { limits[topic] ?? Int.max }
    var isOpen: Bool { true }
    var isReachable = true
    /// Whether commits that are under way have no outcome.
    var holdsCommits = false
    /// The next answers to who asks for an outcome, nil while there is none; after them each commit succeeds at once.
    var outcomes: [CommitOutcome?] = []
    /// What the group says next.
    var changes: [GroupChange] = []
    var room = Int.max

    func poll(
        max: Int, timeoutMilliseconds: Int, record: (borrowing LogRecord) -> Void
    ) throws(LogError) -> [GroupChange] {
        guard max > 0 else { return [] }
        guard isAssigned else {
            isAssigned = true
            return [.assigned([0])]
        }
        defer { changes = [] }
        _ = try input?.read(max: max, timeoutMilliseconds: 0, record: record)
        return changes
    }

    /// Where the item log ends for those who do not only see what is committed; none is an end that everybody sees.
    var hiddenItemsEnd: Int64 = 0

    func itemLogEnd() throws(LogError) -> Int64 { hiddenItemsEnd }

    /// Delivers from an offset on, resumed or not.
    func deliver(from offset: Int64) { input = MemoryReader(topics, .events, 0, from: offset) }

    func storedOffset(_ partition: Int32, lastWriter: String) throws(LogError) -> StoredOffset? {
        self.lastWriter = lastWriter
        return StoredOffset(offset: committed[partition], low: 0, end: .max)
    }

    func take(_ partitions: [Int32]) throws(LogError) {}
    func resume(_ offsets: [Int32: Int64]) throws(LogError) {
        input = MemoryReader(topics, .events, 0, from: offsets[0] ?? 0)
    }

    func release(_ partitions: [Int32]) throws(LogError) {}
    func abort() throws(LogError) {}

    /// A topic that has no leader.
    var unreadable: LogTopic?

    func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
        if topic == unreadable { throw LogError(.retriable, "nothing comes") }
        return MemoryReader(topics, topic, partition, from: offset)
    }

    func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { [0] }

    func append(_ record: borrowing OutputRecord) throws(LogError) {
        let (key, value) = (record.key.map(Array.init), record.value.map(Array.init))
        var output = Output(topic: record.topic, key: key, value: value)
        for header in record.headers {
            output.headers[header.name] = String(decoding: header.value ?? [], as: UTF8.self)
        }
        written.append(output)
        topics.append(record.topic, record.partition ?? 0, key: key, value: value)
    }

    /// What the leader adds to the item log when the catalogue brings an item, or withdraws it.
    func catalogue(_ item: String, isAvailable: Bool) {
        let writer = ByteWriter()
        Array(item.utf8).withUnsafeBytes {
            CatalogueRecord.encode(isAvailable ? CatalogueItem(id: item) : nil, id: $0, to: writer)
        }
        topics.append(.itemLog, 0, key: nil, value: Array(writer.bytes))
    }

    /// How many commits were begun.
    private(set) var commits = 0
    /// Is told of each before it begins.
    var commitBegins: () -> Void = {}
    /// How many records were written before the last one began.
    private(set) var lastCommitEnd = 0

    func beginCommit(_ offsets: [Int32: Int64]) throws(LogError) {
        commits += 1
        commitBegins()
        lastCommitEnd = written.count
        committed.merge(offsets) { $1 }
        isCommitting = true
    }

    func outcome() throws(LogError) -> CommitOutcome? {
        guard isCommitting, !holdsCommits else { return nil }
        guard let outcome = outcomes.isEmpty ? .committed : outcomes.removeFirst() else { return nil }
        isCommitting = false
        return outcome
    }

    /// How often somebody looked after what was sent.
    private(set) var serves = 0

    func serve() { serves += 1 }

    func waitForOutcome(timeoutMilliseconds: Int) throws(LogError) {}

    /// Another member takes the partition over.
    func restart() {
        isAssigned = false
        input = nil
    }

    /// The values of the input, in their order.
    private(set) var inputText: [String] = []

    /// Adds an event to the input.
    func produce(key: String, _ value: String) {
        inputText.append(value)
        topics.append(.events, 0, key: Array(key.utf8), value: Array(value.utf8))
    }

    /// Views and purchases of a few users among a few items, always the same.
    func produceShop(_ count: Int, from start: Int = 0, users: Int = 11) {
        for index in start..<(start + count) {
            let user = "u\(index * 7 % users)"
            let type = index % 5 == 0 ? "purchase" : "view"
            produce(
                key: user,
                #"{"event_time":\#(1_700_000_000 + index * 60),"event_type":"\#(type)","product_id":"p\#(index * index % 397)","#
                    + #""category_id":"c\#(index % 3)","price":\#(10 + index % 9),"user_id":"\#(user)"}"#)
        }
    }
}
