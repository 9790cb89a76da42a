public import Events
internal import Linear

/// The users of one partition, and the order in which their checkpoints fall due.
///
/// Owned by one worker; states are reached by their number, a dense one that is local to this store.
public final class UserStore {
    /// A user's number in this store; after an erasure another user may get it.
    public typealias User = IdentifierTable.Number

    /// The ids of the users.
    public let identifiers = IdentifierTable(capacity: 1024)
    private(set) var states: UnsafeMutablePointer<UserState>
    private var capacity = 1024
    private var initialized = 0
    /// Users in the order in which they became dirty; an entry whose user has been written since is stale.
    private var dirty: [(user: User, since: Int64)] = []
    private var dirtyHead = 0
    /// Users whose record its topic does not take, and the first offset that none includes.
    private var aside: [User: Int64] = [:]
    /// How many users have a state.
    public private(set) var count = 0

    public init() {
        states = .allocate(capacity: capacity)
    }

    deinit {
        for index in 0..<initialized { release(index) }
        states.deallocate()
    }

    /// The number of a user; nil for one without a state.
    public func find(_ id: UnsafeRawBufferPointer) -> User? { identifiers.find(id) }

    /// Asks for a user's state and id, by the id's placement.
    @inline(__always)
    func prefetchState(_ placement: UInt64) {
        let user = identifiers.candidate(placement)
        guard user != IdentifierTable.none, Int(user) < initialized else { return }
        Kernels.prefetch(identifiers.entryAddress(user), bytes: 1)
        Kernels.prefetch(states + Int(user), bytes: MemoryLayout<UserState>.stride)
    }

    /// The same for what an event of the user will search, once the state is there.
    @inline(__always)
    func prefetchHistory(_ placement: UInt64) {
        let user = identifiers.candidate(placement)
        guard user != IdentifierTable.none, Int(user) < initialized else { return }
        prefetchHistory(of: user)
    }

    /// Asks for a user's history, which is searched from its end, and for the latest counts.
    @inline(__always)
    func prefetchHistory(of user: User) {
        let state = states + Int(user)
        if let buckets = state.pointee.buckets {
            Kernels.prefetch(buckets + max(0, Int(state.pointee.bucketCount) - 1), bytes: 1)
        }
        if let history = state.pointee.history {
            Kernels.prefetch(history, bytes: Int(state.pointee.historyCount) * MemoryLayout<CompactEntry>.stride)
        }
    }

    /// A user's state; what its pointers lead to stays the store's, and changes with the next event.
    public subscript(_ user: User) -> UserState { states[Int(user)] }

    /// One more than the largest number given.
    var upperBound: Int { initialized }

    /// The number of a user, with an empty state if it is new.
    func make(_ id: UnsafeRawBufferPointer) -> User { make(id, placement: identifiers.placement(id)) }

    func make(_ id: UnsafeRawBufferPointer, placement: UInt64) -> User {
        let user = identifiers.intern(id, placement: placement)
        if Int(user) >= initialized {
            if Int(user) >= capacity { grow() }
            (states + initialized).initialize(to: UserState())
            initialized += 1
        }
        if !states[Int(user)].isPresent {
            states[Int(user)] = UserState()
            states[Int(user)].isPresent = true
            count += 1
        }
        return user
    }

    /// Erases a user; the number may be given to another.
    func erase(_ user: User) {
        release(Int(user))
        states[Int(user)] = UserState()
        aside[user] = nil
        count -= 1
        identifiers.remove(user)
    }

    /// Nobody's published list is known any more.
    func forgetLists() {
        for index in 0..<initialized where states[index].isPresent { states[index].listHash = UserState.unknownList }
    }

    /// A user's published list is not known, if there seemed to be none.
    func forgetList(_ user: User) {
        guard states[Int(user)].listHash == UserState.noList else { return }
        states[Int(user)].listHash = UserState.unknownList
    }

    // MARK: - Dirty users

    /// Notes that the state of a user changed by the event at `offset`.
    func markDirty(_ user: User, at offset: Int64) {
        guard states[Int(user)].dirtySince < 0 else { return }
        states[Int(user)].dirtySince = offset
        dirty.append((user, offset))
    }

    /// The first offset that no checkpoint includes, or nil when everything is written.
    func oldestDirtyOffset() -> Int64? {
        skipStale()
        return dirtyHead < dirty.count ? dirty[dirtyHead].since : nil
    }

    /// How many users wait for a checkpoint, at most.
    var dirtyCount: Int { dirty.count - dirtyHead }

    /// The user that has been dirty the longest; clean from now on.
    func takeLongestDirty() -> User? {
        skipStale()
        guard dirtyHead < dirty.count else { return nil }
        let user = dirty[dirtyHead].user
        states[Int(user)].dirtySince = -1
        dirtyHead += 1
        if dirtyHead > 4096, dirtyHead * 2 > dirty.count {
            dirty.removeFirst(dirtyHead)
            dirtyHead = 0
        }
        return user
    }

    /// Takes a user out of the order: it stays dirty since an offset, for as long as this store lives.
    func setAside(_ user: User, since: Int64) {
        states[Int(user)].dirtySince = since
        aside[user] = since
    }

    /// The first offset that is missing in the checkpoints of users set aside; nil where none is.
    var oldestAsideOffset: Int64? { aside.values.min() }

    private func skipStale() {
        while dirtyHead < dirty.count {
            let (user, since) = dirty[dirtyHead]
            if states[Int(user)].isPresent, states[Int(user)].dirtySince == since { return }
            dirtyHead += 1
        }
    }

    // MARK: - Memory

    /// Makes room for one more entry in a user's history.
    func reserveHistory(_ user: User, bound: Int) {
        let index = Int(user)
        guard states[index].historyCount == states[index].historyCapacity else { return }
        let capacity = min(
            max(Int(states[index].historyCapacity) * 5 / 4, Int(states[index].historyCapacity) + 4), bound)
        setHistoryCapacity(index, capacity)
    }

    func setHistoryCapacity(_ index: Int, _ capacity: Int) {
        let larger = UnsafeMutablePointer<CompactEntry>.allocate(capacity: capacity)
        if let old = states[index].history {
            larger.update(from: old, count: Int(states[index].historyCount))
            old.deallocate()
        }
        states[index].history = larger
        states[index].historyCapacity = UInt16(capacity)
    }

    func setBucketCapacity(_ index: Int, _ capacity: Int) {
        let larger = UnsafeMutablePointer<ActivityBucket>.allocate(capacity: capacity)
        if let old = states[index].buckets {
            larger.update(from: old, count: Int(states[index].bucketCount))
            old.deallocate()
        }
        states[index].buckets = larger
        states[index].bucketCapacity = UInt8(capacity)
    }

    private func release(_ index: Int) {
        states[index].history?.deallocate()
        states[index].pairs?.deallocate()
        states[index].recentIDs?.deallocate()
        states[index].buckets?.deallocate()
    }

    private func grow() {
        let larger = UnsafeMutablePointer<UserState>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: states, count: initialized)
        states.deallocate()
        states = larger
        capacity *= 2
    }

    /// The memory that the store holds, in bytes, without the allocator's overhead.
    public var byteCount: Int {
        var total = identifiers.byteCount + capacity * MemoryLayout<UserState>.stride
        for index in 0..<initialized {
            total += Int(states[index].historyCapacity) * MemoryLayout<CompactEntry>.stride
            total += Int(states[index].pairCapacity) * MemoryLayout<PairRating>.stride
            total += Int(states[index].bucketCapacity) * MemoryLayout<ActivityBucket>.stride
            if states[index].recentIDs != nil { total += UserFold.recentIDs * 8 }
        }
        return total
    }
}
