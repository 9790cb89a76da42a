/// Looks, before each event is sent, whether the shopper's list or plain popularity had it: the next item among the first
/// 20. Only items that are new to the shopper count, and only shoppers who did something before.
struct DemoJudge {
    private(set) var tries = 0
    private(set) var hits = 0
    private(set) var popularHits = 0
    private var seen: [Set<Int>]
    private var counts: [Int]
    private var popular: [Int] = []
    private var eventsSinceSort = 0
    private static let top = 20

    init(users: Int, items: Int) {
        seen = Array(repeating: [], count: users)
        counts = Array(repeating: 0, count: items)
    }

    /// - Parameters:
    ///   - list: the items of the shopper's list; nil for none.
    ///   - counts: false while all warms up.
    mutating func take(user: Int, item: Int, list: [Int]?, counts isCounted: Bool) {
        if isCounted, !seen[user].isEmpty, !seen[user].contains(item) {
            tries += 1
            if let list, list.prefix(Self.top).contains(item) { hits += 1 }
            if popularItems(for: user).contains(item) { popularHits += 1 }
        }
        seen[user].insert(item)
        counts[item] += 1
        eventsSinceSort += 1
        if eventsSinceSort >= 200 || popular.isEmpty { sort() }
    }

    /// The items with the most events that the user has not seen.
    private func popularItems(for user: Int) -> [Int] {
        Array(popular.lazy.filter { !seen[user].contains($0) }.prefix(Self.top))
    }

    private mutating func sort() {
        eventsSinceSort = 0
        popular = Array(
            counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(400))
    }
}
