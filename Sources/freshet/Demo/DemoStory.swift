import Events
import ServiceKit

/// One event that the demo sends.
struct DemoEvent: Sendable {
    /// Places in the story's tables; -1 for a record that is broken on purpose.
    var user: Int
    var item: Int
    var type: EventType
    /// ms since 1970.
    var time: Int64
    /// Seconds after the live part's beginning at which it is sent; negative for what happened before.
    var due: Double
    /// How much of the visit is to come; 0 at its end.
    var looksLeft: Int
    var key: [UInt8]
    var value: [UInt8]

    var isBroken: Bool { item < 0 }
}

/// What the demo calls an item.
struct DemoLabel: Sendable {
    var id: String
    var name: String
    var category: String
    var price: Double?
}

/// The events that the demo plays, and names for what they are about.
final class DemoStory: Sendable {
    let title: String
    let users: [String]
    let items: [DemoLabel]
    let itemPlaces: [String: Int]
    let userPlaces: [String: Int]
    let events: [DemoEvent]
    /// How many of them lie before the live part.
    let pastCount: Int
    /// Which share of them that is to be. Every live record is a batch of its own, and the embedded broker looks through a
    /// partition's batches from its beginning for each fetch: with many more of them it does nothing else.
    static let pastShare = 0.7

    init(
        title: String, users: [String], items: [DemoLabel], events: [DemoEvent], pastCount: Int
    ) {
        self.title = title
        self.users = users
        self.items = items
        self.events = events
        self.pastCount = pastCount
        itemPlaces = Dictionary(items.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        userPlaces = Dictionary(users.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
