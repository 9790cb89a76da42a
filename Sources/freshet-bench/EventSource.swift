import Events

/// Events of a generated shop, as JSON with REES46's fields: 50,000 items in 500 categories, users with a few favourite
/// categories, items within a category as popular as the inverse of their rank.
final class EventSource {
    static let items = 50_000
    static let categories = 500

    let users: Int
    private(set) var count: Int64 = 0
    private var state: UInt64
    private let writer = ByteWriter(capacity: 1 << 16)
    private let clock = ByteWriter(capacity: 64)
    private var ends: [Int] = []
    private var userNumbers: [Int] = []
    private let order: UserOrder
    /// The time of the first event, in ms since 1970, and from one event to the next.
    private let firstMilliseconds: Int64
    private let stepMilliseconds: Int64

    /// Whose event is next.
    enum UserOrder {
        /// Anybody's, all alike.
        case random
        /// Everybody's once before anybody's second one: no batch has two of one user.
        case inTurn
        /// Few users' mostly, about as Zipf's law with an exponent of 0.8 has it: batches are full of bursts.
        case bursts
    }

    init(
        users: Int = 20_000, seed: UInt64 = 1, order: UserOrder = .random, firstMilliseconds: Int64 = 1_569_888_000_000,
        stepMilliseconds: Int64 = 2000
    ) {
        self.users = users
        self.order = order
        self.firstMilliseconds = firstMilliseconds
        self.stepMilliseconds = stepMilliseconds
        state = seed
    }

    /// Makes the next events; those before are gone.
    func make(_ more: Int) {
        writer.removeAll()
        ends.removeAll(keepingCapacity: true)
        userNumbers.removeAll(keepingCapacity: true)
        for _ in 0..<more {
            write()
            ends.append(writer.count)
            count += 1
        }
    }

    var made: Int { ends.count }

    func event(_ index: Int) -> UnsafeRawBufferPointer {
        writer.bytes((index == 0 ? 0 : ends[index - 1])..<ends[index])
    }

    /// The user id of an event, which its record has for a key.
    func key(_ index: Int) -> Int { Self.userID(userNumbers[index]) }

    private static func userID(_ user: Int) -> Int { 512_000_000 + user * 37 }

    private func next(_ bound: Int) -> Int {
        state = Hash64.hash(state, seed: 0x62_656E_6368)
        return Int(state % UInt64(bound))
    }

    /// Within 0..<bound, small numbers more often.
    private func skewed(_ bound: Int) -> Int {
        var shrunk = bound
        while shrunk > 1, next(2) == 0 { shrunk = (shrunk + 1) / 2 }
        return next(shrunk)
    }

    private func nextUser() -> Int {
        switch order {
        case .random: return next(users)
        // A prime that divides no round number of users: each comes once in so many.
        case .inTurn: return Int(count) * 7919 % users
        case .bursts:
            // The share of users below x is nearly (x / users)^0.2.
            let share = Double(next(1 << 30)) / Double(1 << 30)
            return Int(Double(users) * share * share * share * share * share)
        }
    }

    private func write() {
        let user = nextUser()
        userNumbers.append(user)
        let favourite = Int(Hash64.hash(UInt64(user * 8 + next(5))) % UInt64(Self.categories))
        let category = next(4) == 0 ? next(Self.categories) : favourite
        let item = skewed(Self.items / Self.categories) * Self.categories + category
        let kind = next(100)
        clock.removeAll()
        JSONText.time(firstMilliseconds + count * stepMilliseconds, to: clock)
        writer.text("{\"event_time\":\"")
        writer.raw(clock.bytes(0..<10))
        writer.text(" ")
        writer.raw(clock.bytes(11..<19))
        writer.text(" UTC\",\"event_type\":\"")
        writer.text(kind < 90 ? "view" : kind < 95 ? "cart" : kind < 96 ? "remove_from_cart" : "purchase")
        writer.text("\",\"product_id\":")
        JSONText.integer(Int64(1_000_000 + item * 17), to: writer)
        writer.text(",\"category_id\":")
        JSONText.integer(2_053_013_550_000_000_000 + Int64(category) * 7919, to: writer)
        writer.text(",\"category_code\":\"")
        if category % 3 != 0 {
            writer.text("electronics.part.")
            JSONText.integer(Int64(category), to: writer)
        }
        writer.text("\",\"brand\":\"brand")
        JSONText.integer(Int64(item % 3000), to: writer)
        writer.text("\",\"price\":")
        JSONText.decimal(Double(100 + item * 7 % 90_000) / 100, to: writer)
        writer.text(",\"user_id\":")
        JSONText.integer(Int64(Self.userID(user)), to: writer)
        writer.text(",\"user_session\":\"72d76fde-8bb3-4e00-8c23-a032dfed")
        JSONText.integer(Int64(1000 + user % 9000), to: writer)
        writer.text("\"}")
    }
}
