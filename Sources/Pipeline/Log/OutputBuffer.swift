internal import Events

/// A record on its way to the log; its bytes are valid during the call.
public struct OutputRecord: ~Copyable {
    public let topic: LogTopic
    /// nil: by the key, as Java's clients do it (murmur2).
    public let partition: Int32?
    /// nil: none, which differs from an empty one.
    public let key: UnsafeRawBufferPointer?
    /// nil: a tombstone.
    public let value: UnsafeRawBufferPointer?
    /// In their order; a value is nil where a header has none.
    public let headers: [(name: String, value: [UInt8]?)]

    public init(
        topic: LogTopic, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [(name: String, value: [UInt8]?)] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// Output in the order in which it was made, kept until it is committed, so that the very same records can be sent again.
///
/// Rows of user features go last, about the commit: nobody waits for them, and sent batch by batch each would be a request
/// that the broker answers beside those of the lists. The order within a topic stays.
///
/// Every record names the partition of the events topic that it comes from: when that partition is lost, its records go.
final class OutputBuffer {
    private struct Entry {
        var topic: LogTopic
        var source: Int32
        var partition: Int32
        var key: Range<Int>?
        var value: Range<Int>?
        var headers: [(name: String, value: [UInt8]?)]?
    }

    private static let byKey: Int32 = -1
    private let bytes = ByteWriter(capacity: 1 << 16)
    private var entries: [Entry] = []
    /// How many of the entries have been appended to the log.
    private var sent = 0
    /// What goes with the commit.
    private var last: [Entry] = []
    private var lastSent = 0
    private var headerBytes = 0

    var isEmpty: Bool { entries.isEmpty && last.isEmpty }
    var count: Int { entries.count + last.count }
    var byteCount: Int { bytes.count }
    /// About what it takes in memory: a record may have no value, and headers that are many times as large.
    var memoryBytes: Int { bytes.count + headerBytes + count * MemoryLayout<Entry>.stride }
    /// Whether something has been appended to the log.
    var hasSent: Bool { sent > 0 || lastSent > 0 }
    /// Whether something waits that need not wait for the commit.
    var hasUnsent: Bool { sent < entries.count }

    func removeAll() {
        bytes.removeAll()
        entries.removeAll(keepingCapacity: true)
        last.removeAll(keepingCapacity: true)
        headerBytes = 0
        markUnsent()
    }

    private func append(_ entry: Entry) {
        headerBytes += Self.headerBytes(entry)
        if entry.topic == .userFeatures { last.append(entry) } else { entries.append(entry) }
    }

    private static func headerBytes(_ entry: Entry) -> Int {
        guard let headers = entry.headers, !headers.isEmpty else { return 0 }
        return DeadLetterOrigin.size(headers) + headers.count * headerOverhead
    }

    /// Of a name and a value that are allocated each.
    private static let headerOverhead = 88

    /// Adds a record whose value `value` writes, unless that has more bytes than its topic takes.
    /// - Returns: nil, or the value of a record that is too large.
    func addBounded(
        _ topic: LogTopic, source: Int32, partition: Int32?, key: UnsafeRawBufferPointer?,
        headers: [(name: String, value: [UInt8]?)]? = nil, bytesMax: Int, value: (ByteWriter) -> Void
    ) -> [UInt8]? {
        let start = bytes.count
        add(topic, source: source, partition: partition, key: key, headers: headers, value: value)
        let more = DeadLetterOrigin.size(headers ?? [])
        guard bytes.count - start + more > bytesMax,
            let entry = topic == .userFeatures ? last.popLast() : entries.popLast()
        else { return nil }
        headerBytes -= Self.headerBytes(entry)
        let refused = entry.value.map { Array(bytes.bytes($0)) } ?? []
        bytes.truncate(to: start)
        return refused
    }

    /// Adds a record whose value `value` writes.
    func add(
        _ topic: LogTopic, source: Int32, partition: Int32?, key: UnsafeRawBufferPointer?,
        headers: [(name: String, value: [UInt8]?)]? = nil, value: (ByteWriter) -> Void
    ) {
        let start = bytes.count
        if let key { bytes.raw(key) }
        let middle = bytes.count
        value(bytes)
        append(
            Entry(
                topic: topic, source: source, partition: partition ?? Self.byKey,
                key: key == nil ? nil : start..<middle, value: middle..<bytes.count, headers: headers))
    }

    /// Adds a record as it is.
    func add(
        _ topic: LogTopic, source: Int32, partition: Int32?, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?, headers: [(name: String, value: [UInt8]?)]
    ) {
        guard let value else {
            return addTombstone(topic, source: source, partition: partition, key: key, headers: headers)
        }
        add(topic, source: source, partition: partition, key: key, headers: headers) { $0.raw(value) }
    }

    /// Adds a record without a value.
    func addTombstone(
        _ topic: LogTopic, source: Int32, partition: Int32?, key: UnsafeRawBufferPointer?,
        headers: [(name: String, value: [UInt8]?)]? = nil
    ) {
        let start = bytes.count
        if let key { bytes.raw(key) }
        append(
            Entry(
                topic: topic, source: source, partition: partition ?? Self.byKey,
                key: key == nil ? nil : start..<bytes.count, value: nil, headers: headers))
    }

    /// Appends to the log what has not been, in its order, without what goes with the commit.
    func send(to log: any EventLog, most: Int = .max) throws(LogError) {
        let end = sent + min(most, entries.count - sent)
        while sent < end {
            try append(entries[sent], to: log)
            sent += 1
        }
    }

    /// The same with everything, for a commit that begins or is about to.
    func sendAll(to log: any EventLog) throws(LogError) {
        try send(to: log)
        while lastSent < last.count {
            try append(last[lastSent], to: log)
            lastSent += 1
        }
    }

    private func append(_ entry: Entry, to log: any EventLog) throws(LogError) {
        try log.append(
            OutputRecord(
                topic: entry.topic, partition: entry.partition == Self.byKey ? nil : entry.partition,
                key: entry.key.map { bytes.bytes($0) }, value: entry.value.map { bytes.bytes($0) },
                headers: entry.headers ?? []))
    }

    /// Everything has to be sent again.
    func markUnsent() { (sent, lastSent) = (0, 0) }

    /// Drops the records of source partitions.
    func drop(_ partitions: [Int32]) {
        sent -= entries[..<sent].count { partitions.contains($0.source) }
        lastSent -= last[..<lastSent].count { partitions.contains($0.source) }
        entries.removeAll { partitions.contains($0.source) }
        last.removeAll { partitions.contains($0.source) }
        headerBytes = (entries + last).reduce(0) { $0 + Self.headerBytes($1) }
        // Their bytes go with the next commit; without any record left there is none.
        if isEmpty { removeAll() }
    }
}
