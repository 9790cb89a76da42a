import Events

/// An event that owns its texts.
struct SampleEvent {
    var type = EventType.view
    var time: Int64 = 0
    var user = ""
    var item = ""
    var id = ""
    var session = ""
    var category = ""
    var code = ""
    var brand = ""
    var price = Double.nan

    /// Calls `body` with the event; its slices are valid during the call.
    func with<Result>(_ body: (ShopEvent) throws -> Result) rethrows -> Result {
        var bytes: [UInt8] = []
        var ranges: [Range<Int>] = []
        for text in [user, item, id, session, category, code, brand] {
            ranges.append(bytes.count..<bytes.count + text.utf8.count)
            bytes.append(contentsOf: text.utf8)
        }
        return try bytes.withUnsafeBytes { all in
            func slice(_ index: Int) -> UnsafeRawBufferPointer {
                ranges[index].isEmpty
                    ? UnsafeRawBufferPointer(start: nil, count: 0)
                    : UnsafeRawBufferPointer(rebasing: all[ranges[index]])
            }
            var event = ShopEvent()
            event.type = type
            event.time = time
            event.user = slice(0)
            event.item = slice(1)
            event.eventID = slice(2)
            event.session = slice(3)
            event.categoryID = slice(4)
            event.categoryCode = slice(5)
            event.brand = slice(6)
            event.price = price
            return try body(event)
        }
    }
}

/// A stream of random events of a small shop, mostly in the order of their times.
struct SampleStream {
    var users = 40
    var items = 120
    var start: Int64 = 1_569_888_000_000
    var withIDs = true
    var withDeletes = true
    private var random: Seeded
    private var now: Int64 = 0
    private var past: [SampleEvent] = []

    init(seed: UInt64) { random = Seeded(seed) }

    mutating func next() -> SampleEvent {
        if !past.isEmpty, withIDs, random.once(in: 20) { return past[random.below(past.count)] }
        now += Int64(random.skewed(20_000))
        var event = SampleEvent()
        event.time = start + now - (random.once(in: 8) ? Int64(random.skewed(4_000_000)) : 0)
        event.user = "user-\(random.skewed(users))"
        if withDeletes, random.once(in: 200) {
            event.type = .userDeleted
            return event
        }
        let item = random.skewed(items)
        event.item = "item-\(item)"
        event.type = [.view, .view, .view, .view, .cart, .cart, .removeFromCart, .purchase][random.below(8)]
        if random.once(in: 2) { event.session = "\(event.user)/\(now / 3_000_000)" }
        if withIDs, random.once(in: 2) { event.id = "e\(random.next())" }
        if !random.once(in: 5) { event.category = "category-\(item % 7)" }
        if random.once(in: 2) { event.code = "group.\(item % 7)" }
        if random.once(in: 2) { event.brand = "brand \(item % 5)" }
        if !random.once(in: 4) { event.price = Double(item * 100 + random.below(3)) / 8 }
        past.append(event)
        if past.count > 64 { past.removeFirst() }
        return event
    }

    mutating func take(_ count: Int) -> [SampleEvent] { (0..<count).map { _ in next() } }
}
