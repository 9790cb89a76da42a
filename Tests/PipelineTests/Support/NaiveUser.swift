import Events

@testable import Pipeline

/// The user fold again, in the plainest way: it keeps every event, and computes everything from them when asked.
struct NaiveUser {
    struct Entry: Equatable {
        var item: String
        var events: [SampleEvent.Touch]

        var last: Int64 { events.map(\.time).max() ?? 0 }
    }

    let settings: UserFold.Settings
    private(set) var events: [(sample: SampleEvent, offset: Int64)] = []
    private(set) var history: [Entry] = []

    init(settings: UserFold.Settings) { self.settings = settings }

    struct Lesson: Equatable {
        var isNewPair: Bool
        var preceding: [String]
    }

    /// nil: a duplicate.
    mutating func apply(_ sample: SampleEvent, offset: Int64) -> Lesson? {
        if let last = events.last, offset <= last.offset { return nil }
        let ids = events.map(\.sample.id).filter { !$0.isEmpty }.suffix(32)
        if !sample.id.isEmpty, ids.contains(sample.id) { return nil }
        events.append((sample, offset))
        var entry = history.first { $0.item == sample.item } ?? Entry(item: sample.item, events: [])
        let isNewPair = entry.events.isEmpty
        history.removeAll { $0.item == sample.item }
        entry.events.append(.init(type: sample.type, time: sample.time))
        if history.count == settings.historyItemsMax {
            if history[0].last > entry.last { return Lesson(isNewPair: isNewPair, preceding: []) }
            history.removeFirst()
        }
        let before = history.filter { $0.last <= sample.time }.suffix(settings.window).reversed().map(\.item)
        history.insert(entry, at: history.filter { $0.last <= entry.last }.count)
        return Lesson(isNewPair: isNewPair, preceding: before)
    }

    var counts: SIMD4<UInt32> {
        events.reduce(into: .zero) { $0[Int($1.sample.type.rawValue)] += 1 }
    }

    var priceSum: Double { events.reduce(0) { $1.sample.price.isNaN ? $0 : $0 + $1.sample.price } }
    var firstTime: Int64 { events.map(\.sample.time).min() ?? 0 }
    var latestTime: Int64 { events.map(\.sample.time).max() ?? 0 }

    /// The events of each session, in order of offsets. A late event without a name is of the present one where it is at most
    /// a gap older than that.
    var sessions: [[SampleEvent]] {
        var sessions: [[SampleEvent]] = []
        var latest: Int64 = 0
        var name = ""
        for (sample, _) in events {
            let isOther =
                sample.session.isEmpty
                ? sample.time - latest > settings.sessionGapMilliseconds
                    || sample.time < Self.begin(sessions.last) - settings.sessionGapMilliseconds
                : sample.session != name
            // A late event of another session belongs to none that is kept.
            if isOther, !sessions.isEmpty, sample.time < latest { continue }
            if isOther || sessions.isEmpty {
                sessions.append([])
                name = sample.session
            }
            sessions[sessions.count - 1].append(sample)
            latest = max(latest, sample.time)
        }
        return sessions
    }

    static func begin(_ session: [SampleEvent]?) -> Int64 { session?.map(\.time).min() ?? 0 }

    /// Events by five minutes; what is right while there are no more of them than the state keeps.
    var buckets: [UInt32: SIMD4<UInt32>] {
        events.reduce(into: [:]) {
            $0[UInt32($1.sample.time / 300_000), default: .zero][Int($1.sample.type.rawValue)] += 1
        }
    }
}

extension SampleEvent {
    struct Touch: Equatable {
        var type: EventType
        var time: Int64
    }
}
