import Foundation

/// One shopper on the demo's screen.
struct DemoSlot {
    struct Row: Equatable {
        var item: String
        var reason: String
        var move: Move?
    }

    /// A user's id; empty for a slot that nobody has had yet.
    var user = ""
    /// What the shopper did last, and when (seconds of a monotonic clock).
    var click = ""
    var clickedAt = 0.0
    var rows: [Row] = []
    var since = 0.0
    /// Whether the visit is over.
    var hasLeft = true
    /// A shopper who came from outside stays until another one comes.
    var isGuest = false

    /// Whether another shopper may take the place.
    func isFree(at now: Double) -> Bool {
        if isGuest { return now - clickedAt > 60 }
        return user.isEmpty || (hasLeft && now - clickedAt > 2.5) || now - clickedAt > 6 || now - since > 30
    }

    mutating func take(_ list: PublishedList) {
        let moves = Move.moves(from: rows.isEmpty ? nil : rows.map(\.item), to: list.items.map(\.product))
        rows = zip(list.items, moves).map { Row(item: $0.product, reason: $0.reason, move: $1) }
    }
}

/// The shoppers on the screen: who stays, who makes room.
struct DemoSlots {
    private(set) var slots = [DemoSlot](repeating: DemoSlot(), count: 3)
    private var changedAt = -10.0

    mutating func clicked(_ user: String, _ click: String, looksLeft: Int, at now: Double, rows: () -> [DemoSlot.Row]) {
        if let index = slots.firstIndex(where: { $0.user == user }) {
            slots[index].click = click
            slots[index].clickedAt = now
            slots[index].hasLeft = looksLeft == 0
            return
        }
        // A visit that is soon over is not worth looking at, and one change at a time is enough for the eye.
        guard looksLeft >= 4, now - changedAt > 1.2, let free = slots.firstIndex(where: { $0.isFree(at: now) }) else {
            return
        }
        changedAt = now
        slots[free] = DemoSlot(
            user: user, click: click, clickedAt: now, rows: rows(), since: now, hasLeft: false, isGuest: false)
    }

    mutating func listed(_ list: PublishedList, isGuest: Bool, at now: Double) {
        var index = slots.firstIndex { $0.user == list.user }
        if index == nil, isGuest {
            index = slots.indices.min { (slots[$0].isGuest ? 0 : 1, $0) < (slots[$1].isGuest ? 0 : 1, $1) }
            slots[index!] = DemoSlot(user: list.user, since: now, hasLeft: false, isGuest: true)
        }
        guard let index else { return }
        if isGuest {
            slots[index].click = "sent an event from outside"
            slots[index].clickedAt = now
        }
        slots[index].take(list)
    }
}
