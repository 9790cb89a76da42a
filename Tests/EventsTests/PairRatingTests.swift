import Events
import Foundation
import Testing

/// The rating rule (README, "Events and lists"), against code that keeps every event and follows the words of the rule.
struct PairRatingTests {
    struct Event { var type: EventType, time: Int64 }

    /// max over events of r · 2^(-age / half-life). The cart holds one thing: a cart event that an equally late or later
    /// remove follows is undone, and the remove stands with its own rating and time.
    static func reference(_ events: [Event], at time: Int64, _ scale: RatingScale, _ halfLife: Int64) -> Double {
        let removes = events.filter { $0.type == .removeFromCart }
        return events.filter { event in
            event.type != .cart || !removes.contains { $0.time >= event.time }
        }.map { event in
            let age = Double(max(0, time - event.time))
            return scale[event.type] * (halfLife == 0 ? 1 : pow(2, -age / Double(halfLife)))
        }.max() ?? 0
    }

    static func state(_ events: [Event]) -> PairRating {
        var pair = PairRating()
        for event in events { pair.apply(type: event.type, time: event.time) }
        return pair
    }

    static func sequence(_ random: inout SplitMix) -> [Event] {
        let types: [EventType] = [.view, .cart, .removeFromCart, .purchase]
        return (0..<Int.random(in: 0...8, using: &random)).map { _ in
            Event(type: types.randomElement(using: &random)!, time: Int64.random(in: 0...12, using: &random) * 1_000)
        }
    }

    @Test func equalsTheReferenceWhateverScaleHalfLifeAndOrder() {
        var random = SplitMix(state: 11)
        let scales = [
            RatingScale(), RatingScale(view: 5, removeFromCart: 3, cart: 1, purchase: 0.5),
            RatingScale(view: 0, cart: 0),
        ]
        for _ in 0..<1500 {
            let events = Self.sequence(&random)
            let pair = Self.state(events)
            #expect(pair == Self.state(events.shuffled(using: &random)), "the order of arrival must not matter")
            #expect(pair == Self.state(events + events), "nor duplicates")
            #expect(pair.lastTouch == events.map(\.time).max())
            let now = Int64.random(in: 0...20_000, using: &random)
            for scale in scales {
                for halfLife: Int64 in [0, 700, 30_000] {
                    let decay = Decay(halfLifeMilliseconds: halfLife)
                    let rating = pair.rating(at: now, scale: scale, decay: decay)
                    let expected = Self.reference(events, at: now, scale, halfLife)
                    #expect(abs(rating - expected) <= 1e-14 * expected, "\(events) at \(now)")
                }
            }
        }
    }

    @Test func oneRuleAtATime() {
        func rating(_ events: [Event], at time: Int64 = 10_000, halfLife: Int64 = 0) -> Double {
            Self.state(events).rating(at: time, scale: .standard, decay: Decay(halfLifeMilliseconds: halfLife))
        }
        #expect(rating([]) == 0)
        #expect(rating([Event(type: .view, time: 1)]) == 1)
        #expect(rating([Event(type: .cart, time: 1), Event(type: .view, time: 9)]) == 3)
        #expect(rating([Event(type: .cart, time: 1), Event(type: .removeFromCart, time: 2)]) == 2)
        #expect(rating([Event(type: .cart, time: 1), Event(type: .removeFromCart, time: 1)]) == 2, "equally late")
        #expect(rating([Event(type: .removeFromCart, time: 1)]) == 2, "nothing to undo")
        #expect(rating([Event(type: .removeFromCart, time: 1), Event(type: .cart, time: 2)]) == 3, "put back")
        #expect(
            rating([Event(type: .cart, time: 2), Event(type: .removeFromCart, time: 1)]) == 3, "a late remove before it"
        )
        #expect(rating([Event(type: .purchase, time: 1), Event(type: .removeFromCart, time: 2)]) == 4)
        // A fresh view (1) beats a purchase (4) that is more than two half-lives old.
        #expect(rating([Event(type: .purchase, time: 0), Event(type: .view, time: 10_000)], halfLife: 4_000) == 1)
        #expect(rating([Event(type: .purchase, time: 6_000)], halfLife: 4_000) == 2)
        #expect(rating([Event(type: .purchase, time: 20_000)], halfLife: 4_000) == 4, "later than asked: age 0")
        #expect(rating([Event(type: .userDeleted, time: 1)]) == 0)
    }

    @Test func holdsTimesToTheEndOf9999In24Bytes() {
        #expect(MemoryLayout<PairRating>.size == 24)
        var pair = PairRating()
        for (index, type) in [EventType.view, .cart, .removeFromCart, .purchase].enumerated() {
            pair.apply(type: type, time: EventTime.end - 1 - Int64(index))
        }
        for (index, type) in [EventType.view, .cart, .removeFromCart, .purchase].enumerated() {
            #expect(pair.latest(type) == EventTime.end - 1 - Int64(index))
        }
        pair.apply(type: .view, time: .max)
        pair.apply(type: .removeFromCart, time: .min)
        #expect(pair.latest(.cart) == EventTime.end - 2 && pair.latest(.removeFromCart) == EventTime.end - 3)
    }
}
