public import Events

/// Applies a user's events to the user's state: history, counters, sessions, duplicates.
///
/// A pure fold: the same events at the same offsets give the same state, whatever the batches. It says of each event
/// what it teaches about its item (`Lesson`); nothing here depends on other users or on the item table.
public final class UserFold {
    /// What user state depends on; another value makes another state.
    public struct Settings: Sendable, Equatable {
        /// The most items that a history keeps.
        public var historyItemsMax = 200
        /// A pause that begins a new session when events carry no session id, in ms.
        public var sessionGapMilliseconds: Int64 = 30 * 60_000
        /// How many preceding items an event teaches the item fold about.
        public var window = 10

        public init() {}
    }

    /// What became of an event.
    public enum Outcome {
        /// Applied; the lesson's preceding items are in `preceding`.
        case learnt(Lesson)
        /// Its id, or its offset, was there already.
        case duplicate
        /// The user is erased, whose number that was; nil if there was none.
        case erased(UserStore.User?)
    }

    /// What an event teaches about its item.
    public struct Lesson {
        public var user: UserStore.User
        /// Whether the user's history did not have the item.
        public var isNewPair: Bool
        /// Whether the user has a later event.
        public var isLate: Bool
        /// How many items stand in `preceding`, `window` at most.
        public var precedingCount: Int
    }

    /// Changes with what the same events make.
    static let version: UInt8 = 3
    /// Remembered event ids of a user.
    static let recentIDs = 32
    static let bucketsMax = 64
    /// A week of five minutes, the longest window.
    private static let windowBuckets: UInt32 = 7 * 288

    public let settings: Settings
    /// The items that the user touched before the event, newest first; valid until the next `apply`.
    public let preceding: UnsafeMutablePointer<IdentifierTable.Number>

    public init(settings: Settings) {
        self.settings = settings
        preceding = .allocate(capacity: settings.window)
        preceding.initialize(repeating: IdentifierTable.none, count: settings.window)
    }

    deinit { preceding.deallocate() }

    /// Applies the event at `offset` of the store's partition. `item` is its item's number (none for `user_deleted`).
    public func apply(_ event: ShopEvent, item: IdentifierTable.Number, offset: Int64, to store: UserStore) -> Outcome {
        apply(event, user: store.identifiers.placement(event.user), item: item, offset: offset, to: store)
    }

    /// Applies an event whose turn has come, and says which item's it was (none for `user_deleted`).
    public func apply(
        _ entry: UnsafePointer<EventWindow.Entry>, items: IdentifierTable, to store: UserStore
    ) -> (Outcome, item: IdentifierTable.Number) {
        let isErasure = entry.pointee.event.type == .userDeleted
        let item =
            isErasure
            ? IdentifierTable.none : items.intern(entry.pointee.event.item, placement: entry.pointee.itemPlacement)
        let outcome = apply(
            entry.pointee.event, user: entry.pointee.userPlacement, item: item, offset: entry.pointee.offset, to: store)
        return (outcome, item)
    }

    private func apply(
        _ event: ShopEvent, user placement: UInt64, item: IdentifierTable.Number, offset: Int64, to store: UserStore
    ) -> Outcome {
        if event.type == .userDeleted {
            guard let user = store.find(event.user), store[user].offset < offset else { return .erased(nil) }
            store.erase(user)
            return .erased(user)
        }
        let user = store.make(event.user, placement: placement)
        let state = store.states + Int(user)
        guard offset > state.pointee.offset else { return .duplicate }
        if event.eventID.count > 0, isRepeated(Hash64.hash(event.eventID), state) { return .duplicate }
        store.prefetchHistory(of: user)
        let isFirst = state.pointee.offset < 0
        store.markDirty(user, at: offset)
        state.pointee.offset = offset
        let isLate = !isFirst && event.time < state.pointee.latestTime
        count(event, isFirst: isFirst, state)
        addActivity(event, user, store)
        let (isNewPair, precedingCount) = touch(item, event, user, store)
        return .learnt(Lesson(user: user, isNewPair: isNewPair, isLate: isLate, precedingCount: precedingCount))
    }

    /// Whether an event id is among the last ones; it is from now on.
    private func isRepeated(_ hash: UInt64, _ state: UnsafeMutablePointer<UserState>) -> Bool {
        let known = Int(state.pointee.recentIDCount)
        if let ids = state.pointee.recentIDs {
            for index in 0..<known where ids[index] == hash { return true }
        } else {
            state.pointee.recentIDs = .allocate(capacity: Self.recentIDs)
        }
        let ids = state.pointee.recentIDs.unsafelyUnwrapped
        ids[Int(state.pointee.recentIDNext)] = hash
        state.pointee.recentIDNext = UInt8((Int(state.pointee.recentIDNext) + 1) % Self.recentIDs)
        state.pointee.recentIDCount = UInt8(min(known + 1, Self.recentIDs))
        return false
    }

    private func count(_ event: ShopEvent, isFirst: Bool, _ state: UnsafeMutablePointer<UserState>) {
        let time = event.time
        let session = event.session.count > 0 ? Hash64.hash(event.session) : 0
        let pause = time - state.pointee.latestTime
        let gap = settings.sessionGapMilliseconds
        // A late event is of an earlier session, if it is not of this one.
        let isOther =
            session != 0
            ? session != state.pointee.sessionHash : pause > gap || time < state.pointee.sessionStart &- gap
        if isFirst || (isOther && pause >= 0) {
            state.pointee.sessions &+= 1
            state.pointee.sessionStart = time
            state.pointee.sessionEvents = 0
            state.pointee.sessionHash = session
        }
        if isFirst || !isOther || pause >= 0 {
            state.pointee.sessionEvents &+= 1
            state.pointee.sessionStart = min(state.pointee.sessionStart, time)
        }
        state.pointee.counts[Int(event.type.rawValue)] &+= 1
        state.pointee.firstTime = isFirst ? time : min(state.pointee.firstTime, time)
        state.pointee.latestTime = isFirst ? time : max(state.pointee.latestTime, time)
        if !event.price.isNaN {
            state.pointee.priceSum += event.price
            state.pointee.priceCount &+= 1
        }
    }

    /// Counts the event in its five minutes. Past the bound those go that no window will reach any more; where there are
    /// none, the two oldest buckets become one, at the later one's time.
    private func addActivity(_ event: ShopEvent, _ user: UserStore.User, _ store: UserStore) {
        let state = store.states + Int(user)
        let index = UInt32(clamping: event.time / ActivityBucket.milliseconds)
        var position = Int(state.pointee.bucketCount)
        while position > 0, state.pointee.buckets.unsafelyUnwrapped[position - 1].index > index { position -= 1 }
        if position > 0, state.pointee.buckets.unsafelyUnwrapped[position - 1].index == index {
            Self.bump(&state.pointee.buckets.unsafelyUnwrapped[position - 1].counts, Int(event.type.rawValue))
            return
        }
        if Int(state.pointee.bucketCount) == Self.bucketsMax {
            if position == 0 { return }  // older than all that is kept
            position -= makeBucketRoom(newest: index, state)
            if position < 0 { return }
        }
        if state.pointee.bucketCount == state.pointee.bucketCapacity {
            store.setBucketCapacity(Int(user), min(Self.bucketsMax, Int(state.pointee.bucketCapacity) * 2 + 2))
        }
        let buckets = state.pointee.buckets.unsafelyUnwrapped
        (buckets + position + 1).update(from: buckets + position, count: Int(state.pointee.bucketCount) - position)
        var counts = SIMD4<UInt8>(repeating: 0)
        Self.bump(&counts, Int(event.type.rawValue))
        buckets[position] = ActivityBucket(index: index, counts: counts)
        state.pointee.bucketCount += 1
    }

    /// Makes room for one more bucket at least; returns how many have gone from the beginning.
    private func makeBucketRoom(newest index: UInt32, _ state: UnsafeMutablePointer<UserState>) -> Int {
        let buckets = state.pointee.buckets.unsafelyUnwrapped
        let count = Int(state.pointee.bucketCount)
        let newest = max(index, buckets[count - 1].index)
        var gone = 0
        while gone < count, newest - buckets[gone].index >= Self.windowBuckets { gone += 1 }
        if gone == 0 {
            for type in 0..<4 {
                let (sum, overflow) = buckets[1].counts[type].addingReportingOverflow(buckets[0].counts[type])
                buckets[1].counts[type] = overflow ? .max : sum
            }
            gone = 1
        }
        buckets.update(from: buckets + gone, count: count - gone)
        state.pointee.bucketCount -= UInt8(gone)
        return gone
    }

    private static func bump(_ counts: inout SIMD4<UInt8>, _ type: Int) {
        if counts[type] < .max { counts[type] += 1 }
    }

    /// Moves the item to its place in the history and collects the items before it.
    private func touch(
        _ item: IdentifierTable.Number, _ event: ShopEvent, _ user: UserStore.User, _ store: UserStore
    ) -> (isNewPair: Bool, precedingCount: Int) {
        let state = store.states + Int(user)
        var count = Int(state.pointee.historyCount)
        var entry = CompactEntry(item: item, firstSeconds: .max)
        var rating = PairRating()
        var isNewPair = true
        if let history = state.pointee.history {
            var position = count - 1
            while position >= 0, history[position].item != item { position -= 1 }
            if position >= 0 {
                entry = history[position]
                isNewPair = false
                (history + position).update(from: history + position + 1, count: count - position - 1)
                count -= 1
                state.pointee.historyCount = UInt16(count)
                rating = store.rating(of: entry, state)
                store.removeRating(of: &entry, state)
            }
        }
        rating.apply(type: event.type, time: event.time)
        entry.firstSeconds = min(entry.firstSeconds, UInt32(clamping: event.time / 1000))
        let lastTouch = rating.lastTouch ?? 0
        if count >= settings.historyItemsMax {
            let history = state.pointee.history.unsafelyUnwrapped
            // A late event older than a full history finds no place in it.
            if store.lastTime(of: history[0], state) > lastTouch { return (isNewPair, 0) }
            // One too many, or more where the state was stored with a larger bound.
            let excess = count - settings.historyItemsMax + 1
            for index in 0..<excess { store.removeRating(of: &history[index], state) }
            history.update(from: history + excess, count: count - excess)
            count -= excess
            state.pointee.historyCount = UInt16(count)
        }
        store.reserveHistory(user, bound: settings.historyItemsMax)
        let history = state.pointee.history.unsafelyUnwrapped
        var position = count
        while position > 0, store.lastTime(of: history[position - 1], state) > lastTouch { position -= 1 }
        store.put(rating, into: &entry, state)
        (history + position + 1).update(from: history + position, count: count - position)
        history[position] = entry
        state.pointee.historyCount = UInt16(count + 1)

        // The neighbours of a late event are those that stood before its own time.
        var before = position
        while before > 0, store.lastTime(of: history[before - 1], state) > event.time { before -= 1 }
        let precedingCount = min(before, settings.window)
        for index in 0..<precedingCount { preceding[index] = history[before - 1 - index].item }
        return (isNewPair, precedingCount)
    }
}
