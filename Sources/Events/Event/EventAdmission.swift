/// The checks of an event against the record that carried it (README, "Events and lists"): its key, and its time.
public struct EventAdmission: Sendable {
    /// An event may be later than its record's Kafka timestamp by this much; it is then clamped to that timestamp.
    public var futureBoundMilliseconds: Int64
    /// Whether the record's key must be the user id: so unless the topic has one partition or input is keyed again.
    public var requiresKey: Bool
    /// Offsets of records that are left unread, by partition: one that ends the program would end it again after each
    /// restart, and in each replay.
    public var skipped: [Int32: Set<Int64>] = [:]

    public init(futureBoundMilliseconds: Int64 = 3_600_000, requiresKey: Bool = true) {
        self.futureBoundMilliseconds = futureBoundMilliseconds
        self.requiresKey = requiresKey
    }

    /// Whether the configuration has this record left unread.
    @inline(__always)
    public func skips(_ partition: Int32, _ offset: Int64) -> Bool {
        !skipped.isEmpty && skipped[partition]?.contains(offset) == true
    }

    /// Nil when the event may be learnt. Clamps `event.time` to the record's time where it is later by at most the bound.
    /// - Parameters:
    ///   - key: the record's key; empty or without memory counts as no key.
    ///   - recordTime: the record's Kafka timestamp in ms since 1970; negative where the record has none.
    public func admit(_ event: inout ShopEvent, key: UnsafeRawBufferPointer, recordTime: Int64) -> Rejection? {
        if requiresKey, !sameBytes(key, event.user) {
            return Rejection(.wrongKey)
        }
        if recordTime >= 0, event.time > recordTime {
            if event.time - recordTime > futureBoundMilliseconds {
                return Rejection(.futureTime)
            }
            event.time = recordTime
        }
        return nil
    }
}

/// Whether two byte slices hold the same bytes.
@inline(__always)
func sameBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    var index = 0
    while index + 8 <= a.count {
        let x = a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        if x != b.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
        index += 8
    }
    while index < a.count {
        if a[index] != b[index] { return false }
        index += 1
    }
    return true
}
