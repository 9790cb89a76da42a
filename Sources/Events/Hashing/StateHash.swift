/// A 128-bit hash of a set of records that does not depend on their order: each record is hashed, and the hashes are added.
/// So the hash of a state can be kept up to date record by record, and the hashes of its parts add up to that of the whole.
public struct StateHash: Sendable, Hashable {
    /// The halves of the sum, modulo 2¹²⁸.
    public private(set) var low: UInt64
    public private(set) var high: UInt64

    /// The hash of no records.
    public init() {
        low = 0
        high = 0
    }

    /// What `low` and `high` once were.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Adds a record, which must name itself (its key belongs to its bytes).
    public mutating func add(_ record: UnsafeRawBufferPointer) {
        let (low, high) = Self.hashes(record)
        add(low: low, high: high)
    }

    /// Adds the records of another hash.
    public mutating func merge(_ other: StateHash) {
        add(low: other.low, high: other.high)
    }

    /// 32 hexadecimal digits.
    public var hex: String { Self.hex(high) + Self.hex(low) }

    private mutating func add(low: UInt64, high: UInt64) {
        let sum = self.low.addingReportingOverflow(low)
        self.low = sum.partialValue
        self.high = self.high &+ high &+ (sum.overflow ? 1 : 0)
    }

    /// Two independent hashes. Each is mixed once more, so that sums of similar records share no structure.
    private static func hashes(_ record: UnsafeRawBufferPointer) -> (low: UInt64, high: UInt64) {
        let first = Hash64.hash(record, seed: 0x2545_F491_4F6C_DD1D)
        let second = Hash64.hash(record, seed: 0x9E6C_63D0_876A_68EE)
        return (Hash64.hash(first, seed: second), Hash64.hash(second, seed: first ^ UInt64(record.count)))
    }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
