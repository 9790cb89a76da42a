public import Events
internal import Linear

/// Events that are decoded some records ahead of their fold.
///
/// The fold of an event touches some twenty places of tables that are far larger than the caches, each found by way of the
/// one before: the id's slot, its entry, the user's state, the history. A step of that way is asked for as each following
/// event comes in, so that the memory is there when the event's turn comes. Nothing is folded early or in another order.
///
/// The bytes of an event lie in its decoder, so nothing of its record need outlive the call that delivers it.
public final class EventWindow {
    /// An event whose turn has come; its bytes are valid until the next `push`.
    public struct Entry {
        public var event = ShopEvent()
        public var partition: Int32 = 0
        public var offset: Int64 = 0
        /// Whether the record's time took the place of a later one.
        var isClamped = false
        /// Where user and item are looked for.
        var userPlacement: UInt64 = 0
        var itemPlacement: UInt64 = 0
        var users: Unmanaged<UserStore>!
        /// The slot's own; the window keeps it. Its references need not be counted.
        fileprivate let decoder: Unmanaged<EventDecoder>
    }

    /// So many events are on their way; the memory of three steps takes about a microsecond, which is that of two folds.
    private static let depth = 6
    private static let statesAhead = 4
    private static let historiesAhead = 2

    /// A power of two above the depth.
    private static let slotsCount = 8

    private let slots: UnsafeMutablePointer<Entry>
    /// One for each slot.
    private let decoders: [EventDecoder]
    /// What records have to comply with, from the next `push` on.
    public var admission: EventAdmission {
        didSet { skipsSome = !admission.skipped.isEmpty }
    }
    private var skipsSome: Bool
    private let items: IdentifierTable
    private var pushed = 0
    private var popped = 0

    /// - Parameter items: where events' items will be looked for.
    public init(typeNames: EventTypeNames = .standard, admission: EventAdmission, items: IdentifierTable) {
        self.admission = admission
        skipsSome = !admission.skipped.isEmpty
        self.items = items
        let first = EventDecoder(typeNames: typeNames)
        decoders = [first] + (1..<Self.slotsCount).map { _ in EventDecoder(learningWith: first) }
        slots = .allocate(capacity: Self.slotsCount)
        for (index, decoder) in decoders.enumerated() {
            (slots + index).initialize(to: Entry(decoder: .passUnretained(decoder)))
        }
    }

    deinit {
        slots.deallocate()
    }

    /// Whether no event waits for its turn.
    public var isEmpty: Bool { pushed == popped }
    /// Whether the oldest event's turn has come.
    public var isFull: Bool { pushed - popped > Self.depth }

    /// Decodes a record's event and lets it wait for its turn, if nothing is wrong with it.
    /// - Parameters:
    ///   - recordTime: the record's Kafka timestamp in ms since 1970; negative where it has none.
    ///   - users: where the event's user will be looked for; outlives the event's turn.
    public func push(
        _ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, recordTime: Int64, partition: Int32,
        offset: Int64, users: UserStore
    ) -> Rejection? {
        precondition(!isFull, "an event's turn has come")
        if skipsSome, admission.skips(partition, offset) { return Rejection(.skipped) }
        let slot = slots + (pushed & (Self.slotsCount - 1))
        let refused = slot.pointee.decoder._withUnsafeGuaranteedRef { $0.decode(value, into: &slot.pointee.event) }
        if let refused { return refused }
        let time = slot.pointee.event.time
        if let rejection = admission.admit(&slot.pointee.event, key: key, recordTime: recordTime) { return rejection }
        slot.pointee.isClamped = slot.pointee.event.time != time
        slot.pointee.partition = partition
        slot.pointee.offset = offset
        slot.pointee.users = Unmanaged.passUnretained(users)
        slot.pointee.userPlacement = items.placement(slot.pointee.event.user)
        slot.pointee.itemPlacement = items.placement(slot.pointee.event.item)
        pushed &+= 1
        askAhead(slot)
        return nil
    }

    /// The event whose turn it is.
    public func pop() -> UnsafePointer<Entry> {
        precondition(!isEmpty, "no event is on its way")
        let slot = slots + (popped & (Self.slotsCount - 1))
        popped &+= 1
        return UnsafePointer(slot)
    }

    /// Forgets the events that wait for their turn.
    func removeAll() { popped = pushed }

    @inline(__always)
    private func askAhead(_ slot: UnsafeMutablePointer<Entry>) {
        slot.pointee.users._withUnsafeGuaranteedRef {
            Kernels.prefetch($0.identifiers.slotAddress(slot.pointee.userPlacement), bytes: 1)
        }
        Kernels.prefetch(items.slotAddress(slot.pointee.itemPlacement), bytes: 1)
        if let slot = waiting(Self.depth - Self.statesAhead) {
            let item = items.candidate(slot.pointee.itemPlacement)
            if item != IdentifierTable.none { Kernels.prefetch(items.entryAddress(item), bytes: 1) }
            slot.pointee.users._withUnsafeGuaranteedRef { $0.prefetchState(slot.pointee.userPlacement) }
        }
        if let slot = waiting(Self.depth - Self.historiesAhead) {
            slot.pointee.users._withUnsafeGuaranteedRef { $0.prefetchHistory(slot.pointee.userPlacement) }
        }
    }

    /// The event that came in `age` events before the last one, if its turn is still to come.
    @inline(__always)
    private func waiting(_ age: Int) -> UnsafeMutablePointer<Entry>? {
        pushed - age > popped ? slots + ((pushed - 1 - age) & (Self.slotsCount - 1)) : nil
    }
}
