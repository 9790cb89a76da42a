public import Events

/// The events of a data set in memory, with every identifier kept once.
public final class EventStream {
    struct Record {
        var type: EventType
        var time: Int64
        var price: Double
        var user: IdentifierTable.Number
        var item: IdentifierTable.Number
        var category: IdentifierTable.Number
        var code: IdentifierTable.Number
        var brand: IdentifierTable.Number
        var eventID: IdentifierTable.Number
    }

    let users: IdentifierTable
    let items: IdentifierTable
    private let words: IdentifierTable
    private(set) var records: [Record] = []
    /// Events that were left out since they erase a user.
    public private(set) var erasures = 0
    /// Ratings that the reader's rule left out.
    public internal(set) var ratingsLeftOut = 0

    /// Whether the reader's table said of no event what it was, so that all of them are views.
    public internal(set) var isUntyped = false

    public init() {
        users = IdentifierTable()
        items = IdentifierTable()
        words = IdentifierTable()
    }

    /// Some events of another stream, with the same numbers of users and items.
    init(_ other: EventStream, where isKept: (Int) -> Bool) {
        users = other.users
        items = other.items
        words = other.words
        records = other.records.indices.filter(isKept).map { other.records[$0] }
    }

    public var count: Int { records.count }
    /// Whether times tell which event came first; not where all are equal, as those of lines of a user and its items.
    public var hasTimes: Bool { count < 2 || records.contains { $0.time != records[0].time } }
    /// Identifiers of users, and of items, that the stream knows: streams parted from one know those of all its events.
    public var userCount: Int { users.count }
    public var itemCount: Int { items.count }

    /// Items that events are of: streams parted from one know the identifiers of all.
    var touchedItemCount: Int {
        var isTouched = [Bool](repeating: false, count: items.upperBound)
        for record in records { isTouched[Int(record.item)] = true }
        return isTouched.count { $0 }
    }

    /// Copies an event to the stream's end; one that erases a user is left out.
    public func append(_ event: ShopEvent) {
        guard event.type.touchesItem else {
            erasures += 1
            return
        }
        records.append(
            Record(
                type: event.type, time: event.time, price: event.price, user: users.intern(event.user),
                item: items.intern(event.item), category: word(event.categoryID), code: word(event.categoryCode),
                brand: word(event.brand), eventID: word(event.eventID)))
    }

    /// Brings the events into the order of their times; equal times stay in the order in which they came.
    public func sortByTime() {
        let order = records.indices.sorted { a, b in
            records[a].time != records[b].time ? records[a].time < records[b].time : a < b
        }
        records = order.map { records[$0] }
    }

    /// One event; its slices are valid until the next `append`.
    public func event(_ index: Int) -> ShopEvent {
        let record = records[index]
        var event = ShopEvent()
        event.type = record.type
        event.time = record.time
        event.price = record.price
        event.user = users.bytes(record.user)
        event.item = items.bytes(record.item)
        event.categoryID = bytes(record.category)
        event.categoryCode = bytes(record.code)
        event.brand = bytes(record.brand)
        event.eventID = bytes(record.eventID)
        return event
    }

    /// The number of an event's user, from 0; streams parted from one have the same numbers.
    public func userNumber(_ index: Int) -> Int { Int(records[index].user) }

    /// The identifier of an item's number; valid until the next `append`.
    public func itemIdentifier(_ item: IdentifierTable.Number) -> UnsafeRawBufferPointer { items.bytes(item) }

    private func word(_ bytes: UnsafeRawBufferPointer) -> IdentifierTable.Number {
        bytes.isEmpty ? IdentifierTable.none : words.intern(bytes)
    }

    private func bytes(_ word: IdentifierTable.Number) -> UnsafeRawBufferPointer {
        word == IdentifierTable.none ? UnsafeRawBufferPointer(start: nil, count: 0) : words.bytes(word)
    }
}
