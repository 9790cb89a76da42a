public import Events
internal import Models

/// Rebuilds state from the events topic alone.
///
/// The partitions are merged in a fixed order, by (event time, partition) of their heads, offset order kept within each;
/// a record that cannot be learnt takes its predecessor's time. So two replays of a topic agree to the bit, whatever the
/// sizes of the pieces in which it is read.
public final class Replay {
    /// What is read of one partition: the offsets [from, end).
    public struct Range: Sendable {
        public var partition: Int32
        public var from: Int64
        public var end: Int64

        public init(partition: Int32, from: Int64, end: Int64) {
            self.partition = partition
            self.from = from
            self.end = end
        }
    }

    public let settings: WorkerSettings
    /// The item table that the events teach, and how far they have come in each partition.
    public let items: ItemFold
    /// The users of each partition, as its events so far make them.
    public private(set) var stores: [Int32: UserStore] = [:]
    /// Events, duplicates and what was rejected; a replay counts nothing else.
    public private(set) var counters = WorkerCounters()
    /// Records taken so far, of about `total`.
    public private(set) var done = 0
    /// The offsets of all ranges, some of which carry no record.
    public let total: Int
    /// Users that asked to be erased and did nothing since: their published lists go.
    private(set) var erased: Set<[UInt8]> = []

    private let fold: UserFold
    private var sources: [Source] = []

    /// - Parameters:
    ///   - ranges: one for each partition, an empty one too.
    ///   - requiresKey: whether events count under their user's key only, as in a topic of several partitions.
    public init(
        settings: WorkerSettings, ranges: [Range], requiresKey: Bool, reading: any TopicReading
    ) throws(LogError) {
        self.settings = settings
        items = ItemFold(table: ItemTable(settings: settings.items))
        var admission = settings.admission
        admission.requiresKey = requiresKey
        fold = UserFold(settings: settings.user)
        total = ranges.reduce(0) { $0 + Int(max(0, $1.end - $1.from)) }
        for range in ranges.sorted(by: { $0.partition < $1.partition }) {
            stores[range.partition] = UserStore()
            guard range.end > range.from else { continue }
            sources.append(
                Source(
                    range, EventDecoder(typeNames: settings.typeNames), admission,
                    try reading.reader(.events, partition: range.partition, from: range.from)))
        }
        // Within a range the first head decides; the item fold then goes on from where the ranges ended.
        for range in ranges { items.begin(range.partition, at: range.from) }
    }

    /// Takes up to `count` records; false when all ranges are at their ends.
    public func advance(_ count: Int) throws(LogError) -> Bool {
        for _ in 0..<count {
            var next: Source?
            for source in sources where try source.fill() {
                if next == nil || source.time < next!.time { next = source }
            }
            guard let next else { return false }
            take(next)
        }
        return true
    }

    private func take(_ source: Source) {
        done += 1
        let offset = source.offset
        // The items of a base may be ahead of its users.
        let isNewToItems = offset >= (items.expected[source.partition] ?? 0)
        items.pass(source.partition, to: offset + 1)
        learn(source, isNewToItems)
        source.pop()
    }

    private func learn(_ source: Source, _ isNewToItems: Bool) {
        guard source.isEvent, let store = stores[source.partition] else {
            counters.rejected += 1
            return
        }
        let table = items.table
        let event = source.event
        let item = event.type == .userDeleted ? IdentifierTable.none : table.identifiers.intern(event.item)
        switch fold.apply(event, item: item, offset: source.offset, to: store) {
        case .duplicate: counters.duplicates += 1
        case .erased:
            counters.events += 1
            erased.insert(Array(event.user))
        case .learnt(let lesson):
            counters.events += 1
            if !erased.isEmpty { erased.remove(Array(event.user)) }
            guard isNewToItems else { return }
            let preceding = UnsafeBufferPointer(start: fold.preceding, count: lesson.precedingCount)
            table.learn(
                item: item, type: event.type, isNewPair: lesson.isNewPair, time: event.time, preceding: preceding)
            table.describe(
                item: item, category: word(event.categoryID), categoryCode: word(event.categoryCode),
                brand: word(event.brand), price: event.price, time: event.time)
        }
    }

    func word(_ bytes: UnsafeRawBufferPointer) -> IdentifierTable.Number {
        bytes.count == 0 ? IdentifierTable.none : items.table.words.intern(bytes)
    }

    /// The hash of all users.
    public func usersHash() -> StateHash {
        var sum = StateHash()
        for store in stores.values { sum.merge(store.hash(items: items.table.identifiers)) }
        return sum
    }
}

extension Replay {
    /// One partition's records, read in pieces, each decoded once.
    final class Source {
        private struct Record {
            var offset: Int64
            var timestamp: Int64
            var key: Swift.Range<Int>
            var value: Swift.Range<Int>
        }

        let partition: Int32
        private let reader: any LogReader
        private let decoder: EventDecoder
        private let admission: EventAdmission
        private let end: Int64
        private var records: [Record] = []
        /// The keys and values of `records`.
        private let bytes = ByteWriter(capacity: 1 << 20)
        private var index = 0
        private var isDecoded = false
        private var isAtEnd = false

        /// The head's event, where it holds one.
        var event = ShopEvent()
        private(set) var isEvent = false
        /// The time by which the head is merged: its own, or its predecessor's where it holds no event that may be learnt.
        private(set) var time = Int64.min

        init(_ range: Range, _ decoder: EventDecoder, _ admission: EventAdmission, _ reader: any LogReader) {
            partition = range.partition
            end = range.end
            self.decoder = decoder
            self.admission = admission
            self.reader = reader
        }

        var offset: Int64 { records[index].offset }
        var timestamp: Int64 { records[index].timestamp }
        /// Empty where the head has none.
        var key: UnsafeRawBufferPointer { bytes.bytes(records[index].key) }

        func pop() {
            index += 1
            isDecoded = false
        }

        /// Makes sure that there is a head, and that its event is known; false at the end.
        func fill() throws(LogError) -> Bool {
            while index == records.count {
                if isAtEnd { return false }
                records.removeAll(keepingCapacity: true)
                bytes.removeAll()
                index = 0
                let met = try reader.read(max: 4096, timeoutMilliseconds: 100) { record in
                    guard record.offset < end else { return }
                    let (key, value) = (add(record.key), add(record.value))
                    records.append(
                        Record(offset: record.offset, timestamp: record.timestamp, key: key, value: value))
                }
                isAtEnd = met || reader.position >= end
            }
            if !isDecoded {
                let value = bytes.bytes(records[index].value)
                // Admitted before its time is looked at: a time past the record's own is the record's.
                isEvent =
                    value.count > 0 && !admission.skips(partition, offset) && decoder.decode(value, into: &event) == nil
                    && admission.admit(&event, key: key, recordTime: timestamp) == nil
                if isEvent { time = event.time }
                isDecoded = true
            }
            return true
        }

        private func add(_ slice: UnsafeRawBufferPointer?) -> Swift.Range<Int> {
            let start = bytes.count
            if let slice { bytes.raw(slice) }
            return start..<bytes.count
        }
    }
}
