import Dispatch
import Events
import Pipeline
import ServiceKit
import Synchronization

/// What the demo's threads tell each other and the screen.
final class DemoBoard: Sendable {
    enum Part: Int, Sendable {
        case joining, catchingUp, live, checking, following, over
    }

    struct State: Sendable {
        var part = Part.joining
        var sent = 0
        var liveSent = 0
        /// Records of the events topic that the service has taken.
        var taken = 0
        var isServiceReady = false
        var counters = WorkerCounters()
        /// That of the trained factors; nil before the first.
        var generation: Int?
        var listsRead = 0
        var judge: DemoJudge
        var latency = LatencyBook()
        var slots = DemoSlots()
        /// Each shopper's newest list, as places in the story.
        var lists: [[Int]?]
        var rows: [[DemoSlot.Row]?]
        /// Seconds that the live part has lasted.
        var liveSeconds = 0.0
        var failure: String?
    }

    /// What the screen and the summary show: small, since it is copied ten times a second.
    struct View: Sendable {
        var part: Part
        var sent: Int
        var liveSent: Int
        var taken: Int
        var counters: WorkerCounters
        var generation: Int?
        var listsRead: Int
        var tries: Int
        var hits: Int
        var popularHits: Int
        /// ms.
        var latency: (median: Double?, high: Double?)
        var slots: [DemoSlot]
        var liveSeconds: Double
    }

    let story: DemoStory
    private let state: Mutex<State>
    private let began = DispatchTime.now().uptimeNanoseconds

    init(_ story: DemoStory) {
        self.story = story
        state = Mutex(
            State(
                judge: DemoJudge(users: story.users.count, items: story.items.count),
                lists: Array(repeating: nil, count: story.users.count),
                rows: Array(repeating: nil, count: story.users.count)))
    }

    /// Seconds since the demo began.
    var now: Double { Double(DispatchTime.now().uptimeNanoseconds - began) * 1e-9 }

    func with<Result>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    var view: View {
        state.withLock { state in
            View(
                part: state.part, sent: state.sent, liveSent: state.liveSent, taken: state.taken,
                counters: state.counters, generation: state.generation,
                listsRead: state.listsRead, tries: state.judge.tries, hits: state.judge.hits,
                popularHits: state.judge.popularHits,
                latency: (state.latency.quantile(0.5), state.latency.quantile(0.99)), slots: state.slots.slots,
                liveSeconds: state.liveSeconds)
        }
    }

    /// An event is about to be sent.
    func sending(_ event: DemoEvent, isLive: Bool) {
        let now = now
        state.withLock { state in
            state.sent += 1
            guard !event.isBroken else { return }
            if isLive { state.liveSent += 1 }
            state.judge.take(user: event.user, item: event.item, list: state.lists[event.user], counts: isLive)
            guard isLive else { return }
            let user = story.users[event.user]
            let click = "\(Self.verb(event.type)) \(story.items[event.item].name)"
            let known = state.rows[event.user] ?? []
            state.slots.clicked(user, click, looksLeft: event.looksLeft, at: now) { known }
        }
    }

    /// A list was read.
    func read(_ list: PublishedList) {
        let now = now
        let at = DispatchTime.now().uptimeNanoseconds
        state.withLock { state in
            state.listsRead += 1
            let source = list.provenance
            state.latency.listed(source.partition, source.offset, .init(at: at, generation: source.generation))
            let user = story.userPlaces[list.user]
            if let user {
                state.lists[user] = list.items.map { story.itemPlaces[$0.product] ?? -1 }
                state.rows[user] = list.items.map { .init(item: $0.product, reason: $0.reason, move: nil) }
            }
            state.slots.listed(list, isGuest: user == nil, at: now)
        }
    }

    private static func verb(_ type: EventType) -> String {
        switch type {
        case .view: "looks at"
        case .cart: "puts in the cart:"
        case .removeFromCart: "takes out of the cart:"
        case .purchase: "buys"
        case .userDeleted: "leaves for good"
        }
    }
}
