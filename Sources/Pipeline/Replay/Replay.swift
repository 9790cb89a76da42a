public import Events
internal import Models

/// Rebuilds state from the events topic alone.
///
/// The partitions are merged in a fixed order, by (event time, partition) of their heads, offset order kept within each;
/// a record that cannot be decoded takes its predecessor's time. So two replays of a topic agree to the bit, whatever the
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
    public let items: ItemFold
    public private(set) var stores: [Int32: UserStore] = [:]
    public private(set) var counters = WorkerCounters()
    /// Records taken so far, of about `total`.
    public private(set) var done = 0
    public let total: Int
    /// Users that asked to be erased and did nothing since: their published lists go.
    private(set) var erased: Set<[UInt8]> = []

    private let decoder: EventDecoder
    private let admission: EventAdmission
    private let fold: UserFold
    private var sources: [Source] = []
    private var event = ShopEvent()

    public init(
        settings: WorkerSettings, ranges: [Range], requiresKey: Bool, reading: any TopicReading
    ) throws(LogError) {
        self.settings = settings
        items = ItemFold(table: ItemTable(settings: settings.items))
        decoder = EventDecoder(typeNames: settings.typeNames)
        var admission = settings.admission
        admission.requiresKey = requiresKey
        self.admission = admission
        fold = UserFold(settings: settings.user)
        total = ranges.reduce(0) { $0 + Int(max(0, $1.end - $1.from)) }
        for range in ranges.sorted(by: { $0.partition < $1.partition }) {
            stores[range.partition] = UserStore()
            guard range.end > range.from else { continue }
            sources.append(
                Source(range, try reading.reader(.events, partition: range.partition, from: range.from)))
        }
        // Within a range the first head decides; the item fold then goes on from where the ranges ended.
        for range in ranges { items.begin(range.partition, at: range.from) }
    }

    /// Takes up to `count` records; false when all ranges are at their ends.
    public func advance(_ count: Int) throws(LogError) -> Bool {
        for _ in 0..<count {
            var next: Source?
            for source in sources {
                guard try source.fill(time: headTime) else { continue }
                if next == nil || source.head.time < next!.head.time { next = source }
            }
            guard let next else { return false }
            take(next)
        }
        return true
    }

    /// The time by which a record is merged: its own, or its predecessor's where it has none.
    private func headTime(_ record: Source.Record, _ before: Int64) -> Int64 {
        record.value.withUnsafeBytes { value in
            decoder.decode(value, into: &event) == nil && record.hasValue ? event.time : before
        }
    }

    private func take(_ source: Source) {
        let record = source.head
        source.pop()
        done += 1
        // The items of a base may be ahead of its users.
        let isNewToItems = record.offset >= (items.expected[source.partition] ?? 0)
        items.pass(source.partition, to: record.offset + 1)
        record.value.withUnsafeBytes { value in
            record.key.withUnsafeBytes { key in
                learn(record, key: key, value: value, source, isNewToItems)
            }
        }
    }

    private func learn(
        _ record: Source.Record, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, _ source: Source,
        _ isNewToItems: Bool
    ) {
        guard record.hasValue, value.count > 0, decoder.decode(value, into: &event) == nil,
            admission.admit(&event, key: key, recordTime: record.timestamp) == nil, let store = stores[source.partition]
        else {
            counters.rejected += 1
            return
        }
        let table = items.table
        let item = event.type == .userDeleted ? IdentifierTable.none : table.identifiers.intern(event.item)
        switch fold.apply(event, item: item, offset: record.offset, to: store) {
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

    private func word(_ bytes: UnsafeRawBufferPointer) -> IdentifierTable.Number {
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
    /// One partition's records, read in pieces.
    final class Source {
        struct Record {
            var offset: Int64
            var timestamp: Int64
            var time: Int64
            var hasValue: Bool
            var key: [UInt8]
            var value: [UInt8]
        }

        let partition: Int32
        private let reader: any LogReader
        private let end: Int64
        private var records: [Record] = []
        private var index = 0
        private var lastTime = Int64.min
        private var isTimed = false
        private var isAtEnd = false

        init(_ range: Range, _ reader: any LogReader) {
            partition = range.partition
            end = range.end
            self.reader = reader
        }

        var head: Record { records[index] }

        func pop() {
            lastTime = records[index].time
            index += 1
            isTimed = false
        }

        /// Makes sure that there is a head, and that its time is known; false at the end.
        func fill(time: (Record, Int64) -> Int64) throws(LogError) -> Bool {
            while index == records.count {
                if isAtEnd { return false }
                records.removeAll(keepingCapacity: true)
                index = 0
                let met = try reader.read(max: 4096, timeoutMilliseconds: 100) { record in
                    guard record.offset < end else { return }
                    records.append(
                        Record(
                            offset: record.offset, timestamp: record.timestamp, time: 0, hasValue: record.value != nil,
                            key: record.key.map(Array.init) ?? [], value: record.value.map(Array.init) ?? []))
                }
                isAtEnd = met || reader.position >= end
            }
            if !isTimed {
                records[index].time = time(records[index], lastTime)
                isTimed = true
            }
            return true
        }
    }
}
