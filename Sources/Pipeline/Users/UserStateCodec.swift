public import Events

/// The record of a user's state in `freshet.users`, and its hash.
///
/// Items stand in it by their identifiers, so a record means the same in every process. Hash and record are made from
/// the same bytes: two users are equal when their records are.
public struct UserStateCodec {
    static let version: UInt8 = 1
    /// The longest history that a configuration may ask for.
    public static let historyItemsMax = 2000
    private let items: IdentifierTable

    /// - Parameter items: numbers the items of histories.
    public init(items: IdentifierTable) { self.items = items }

    /// Appends the record of a user's state.
    public func encode(_ state: UserState, to writer: ByteWriter) {
        writer.byte(Self.version)
        writer.signed(state.offset)
        for type in 0..<4 { writer.varint(UInt64(state.counts[type])) }
        writer.signed(state.firstTime)
        writer.signed(state.latestTime)
        writer.fixed(state.sessionHash)
        writer.signed(state.sessionStart)
        writer.varint(UInt64(state.sessionEvents))
        writer.varint(UInt64(state.sessions))
        writer.double(state.priceSum)
        writer.varint(UInt64(state.priceCount))
        writer.varint(Int(state.recentIDCount))
        // Oldest first, so that the place of the ring's beginning is not part of the record.
        for index in 0..<Int(state.recentIDCount) {
            let start = Int(state.recentIDCount) < UserFold.recentIDs ? 0 : Int(state.recentIDNext)
            writer.fixed(state.recentIDs.unsafelyUnwrapped[(start + index) % UserFold.recentIDs])
        }
        writer.varint(Int(state.bucketCount))
        var previous: Int64 = 0
        for bucket in state.activity {
            writer.signed(Int64(bucket.index) - previous)
            previous = Int64(bucket.index)
            for type in 0..<4 { writer.byte(bucket.counts[type]) }
        }
        writer.varint(Int(state.historyCount))
        for entry in state.entries {
            writer.counted(items.bytes(entry.item))
            writer.signed(state.latestTime / 1000 - Int64(entry.firstSeconds))
            encode(entry.rating, base: state.latestTime, to: writer)
        }
    }

    /// Reads a record into the store, in place of what the user had.
    @discardableResult
    public func decode(_ record: UnsafeRawBufferPointer, user id: UnsafeRawBufferPointer, into store: UserStore) throws
        -> UserStore.User
    {
        var reader = ByteReader(record)
        guard try reader.byte() == Self.version else { throw ByteReader.Malformed(offset: 0) }
        if let known = store.find(id) { store.erase(known) }
        let user = store.make(id)
        do {
            try decode(&reader, user, into: store)
        } catch {
            // Half a user is worse than none.
            store.erase(user)
            throw error
        }
        return user
    }

    private func decode(_ reader: inout ByteReader, _ user: UserStore.User, into store: UserStore) throws {
        let state = store.states + Int(user)
        state.pointee.offset = try reader.signed()
        for type in 0..<4 { state.pointee.counts[type] = UInt32(truncatingIfNeeded: try reader.varint()) }
        state.pointee.firstTime = try reader.time()
        state.pointee.latestTime = try reader.time()
        state.pointee.sessionHash = try reader.fixed(UInt64.self)
        state.pointee.sessionStart = try reader.time()
        state.pointee.sessionEvents = UInt32(truncatingIfNeeded: try reader.varint())
        state.pointee.sessions = UInt32(truncatingIfNeeded: try reader.varint())
        state.pointee.priceSum = try reader.double()
        state.pointee.priceCount = UInt32(truncatingIfNeeded: try reader.varint())
        let ids = try reader.count(limit: UserFold.recentIDs)
        if ids > 0 {
            let ring = UnsafeMutablePointer<UInt64>.allocate(capacity: UserFold.recentIDs)
            state.pointee.recentIDs = ring
            for index in 0..<ids { ring[index] = try reader.fixed(UInt64.self) }
            state.pointee.recentIDCount = UInt8(ids)
            state.pointee.recentIDNext = UInt8(ids % UserFold.recentIDs)
        }
        let buckets = try reader.count(limit: UserFold.bucketsMax)
        if buckets > 0 { store.setBucketCapacity(Int(user), buckets) }
        var previous: Int64 = 0
        for index in 0..<buckets {
            let next = try reader.time(from: previous)
            // The fold counts on their order.
            guard next > previous || index == 0, next <= Int64(UInt32.max) else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            previous = next
            var counts = SIMD4<UInt8>(repeating: 0)
            for type in 0..<4 { counts[type] = try reader.byte() }
            state.pointee.buckets.unsafelyUnwrapped[index] = ActivityBucket(
                index: UInt32(previous), counts: counts)
            state.pointee.bucketCount = UInt8(index + 1)
        }
        let history = try reader.count()
        guard history <= Self.historyItemsMax else { throw ByteReader.Malformed(offset: reader.offset) }
        if history > 0 { store.setHistoryCapacity(Int(user), history) }
        while Int(state.pointee.historyCount) < history {
            try decodeEntries(
                min(Self.entriesAtOnce, history - Int(state.pointee.historyCount)), &reader, state, store)
        }
        guard reader.isAtEnd else { throw ByteReader.Malformed(offset: reader.offset) }
    }

    /// Entries whose items are looked up together: most histories in a few rounds.
    private static let entriesAtOnce = 64

    /// Appends the next entries of a history.
    private func decodeEntries(
        _ count: Int, _ reader: inout ByteReader, _ state: UnsafeMutablePointer<UserState>, _ store: UserStore
    ) throws {
        let history = state.pointee.history.unsafelyUnwrapped + Int(state.pointee.historyCount)
        try withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: count) { ids in
            for index in 0..<count {
                ids.initializeElement(at: index, to: try reader.counted())
                let age = try reader.signed()
                let first = UInt32(
                    clamping: (state.pointee.latestTime / 1000).subtractingReportingOverflow(age).partialValue)
                let rating = try decodeRating(base: state.pointee.latestTime, &reader)
                var entry = CompactEntry(item: IdentifierTable.none, firstSeconds: first)
                store.put(rating, into: &entry, state)
                history[index] = entry
            }
            withUnsafeTemporaryAllocation(of: IdentifierTable.Number.self, capacity: count) { numbers in
                items.intern(UnsafeBufferPointer(ids), into: numbers.baseAddress.unsafelyUnwrapped)
                for index in 0..<count { history[index].item = numbers[index] }
            }
        }
        state.pointee.historyCount += UInt16(count)
    }
}

extension UserStateCodec {
    /// The four times of a pair: a mask of those that there are, then each one's distance before `base`.
    private func encode(_ rating: PairRating, base: Int64, to writer: ByteWriter) {
        let times = (
            rating.latest(.view), rating.latest(.removeFromCart), rating.latest(.cart), rating.latest(.purchase)
        )
        writer.byte(
            (times.0 == nil ? 0 : 1) | (times.1 == nil ? 0 : 2) | (times.2 == nil ? 0 : 4) | (times.3 == nil ? 0 : 8))
        if let time = times.0 { writer.signed(base - time) }
        if let time = times.1 { writer.signed(base - time) }
        if let time = times.2 { writer.signed(base - time) }
        if let time = times.3 { writer.signed(base - time) }
    }

    private func decodeRating(base: Int64, _ reader: inout ByteReader) throws -> PairRating {
        let mask = try reader.byte()
        guard mask < 16 else { throw ByteReader.Malformed(offset: reader.offset) }
        var rating = PairRating()
        if mask & 1 != 0 { rating.apply(type: .view, time: try reader.time(from: base, sign: -1)) }
        if mask & 2 != 0 { rating.apply(type: .removeFromCart, time: try reader.time(from: base, sign: -1)) }
        if mask & 4 != 0 { rating.apply(type: .cart, time: try reader.time(from: base, sign: -1)) }
        if mask & 8 != 0 { rating.apply(type: .purchase, time: try reader.time(from: base, sign: -1)) }
        return rating
    }
}

extension UserStore {
    /// The hash of all users: the sum of the hashes of their records, so that the order does not matter.
    public func hash(items: IdentifierTable) -> StateHash {
        let codec = UserStateCodec(items: items)
        let writer = ByteWriter()
        var sum = StateHash()
        for user in 0..<upperBound where self[User(user)].isPresent {
            writer.removeAll()
            writer.counted(identifiers.bytes(User(user)))
            codec.encode(self[User(user)], to: writer)
            sum.add(writer.bytes)
        }
        return sum
    }
}

extension UserStore {
    /// The hash of each user's record, by user id.
    public func recordHashes(items: IdentifierTable) -> [String: StateHash] {
        let codec = UserStateCodec(items: items)
        let writer = ByteWriter()
        var hashes: [String: StateHash] = [:]
        for user in 0..<upperBound where self[User(user)].isPresent {
            writer.removeAll()
            codec.encode(self[User(user)], to: writer)
            var hash = StateHash()
            hash.add(writer.bytes)
            hashes[identifiers.text(User(user))] = hash
        }
        return hashes
    }
}
