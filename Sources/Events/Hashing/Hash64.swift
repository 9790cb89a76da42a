/// A fixed 64-bit hash of bytes, the same in every run and on every machine, for tables, for dropping duplicates and for
/// hashes of state. Swift's own hashing is seeded anew in each process.
///
/// The construction is that of Wang Yi's wyhash: two words a step, mixed by the halves of their 128-bit product. It is not
/// cryptographic: who chooses the bytes can make them collide. Where that would cost more than a wrong guess, as in the
/// order of a table's slots, `Secrets` of the process take the place of the constants.
public enum Hash64 {
    /// The constants of one hash function; they differ from zero and from each other.
    public struct Secrets: Sendable {
        @usableFromInline let k0: UInt64
        @usableFromInline let k1: UInt64
        @usableFromInline let k2: UInt64

        @inlinable
        init(_ k0: UInt64, _ k1: UInt64, _ k2: UInt64) {
            self.k0 = k0
            self.k1 = k1
            self.k2 = k2
        }

        /// Drawn anew in each process: nobody outside can choose bytes that collide.
        public static let ofProcess = Secrets(.random(in: 1 ... .max), .random(in: 1 ... .max), .random(in: 1 ... .max))

        @inlinable static var fixed: Secrets { Secrets(Hash64.k0, Hash64.k1, Hash64.k2) }
    }

    // Computed, so that other modules see constants and not calls.
    @inlinable static var k0: UInt64 { 0xA076_1D64_78BD_642F }
    @inlinable static var k1: UInt64 { 0xE703_7ED1_A0B4_28DB }
    @inlinable static var k2: UInt64 { 0x8EBC_6AF0_9C88_C6E3 }

    /// - Parameter seed: another seed gives an independent hash.
    @inlinable
    public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        hash(bytes, seed: seed, .fixed)
    }

    /// The same with other constants. What `Secrets.ofProcess` gives differs from process to process, so it must not be
    /// stored.
    @inlinable
    public static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0, _ secrets: Secrets) -> UInt64 {
        let (k1, k2) = (secrets.k1, secrets.k2)
        let count = bytes.count
        var state = seed ^ secrets.k0
        guard let base = bytes.baseAddress, count > 0 else { return mix(state ^ k1, k2) }
        if count <= 16 {
            let low: UInt64
            let high: UInt64
            if count >= 4 {
                // Four-byte loads from both ends cover every byte; they overlap where the middle is short.
                let middle = (count >> 3) << 2
                low = load32(base) << 32 | load32(base + middle)
                high = load32(base + count - 4) << 32 | load32(base + count - 4 - middle)
            } else {
                low = UInt64(bytes[0]) << 16 | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1])
                high = 0
            }
            return mix(k1 ^ UInt64(count), mix(low ^ k1, high ^ state))
        }
        var offset = 0
        while count - offset > 16 {
            state = mix(load(base + offset) ^ k1, load(base + offset + 8) ^ state)
            offset += 16
        }
        // The last 16 bytes, whether or not some of them were read already.
        let low = load(base + count - 16)
        let high = load(base + count - 8)
        return mix(k1 ^ UInt64(count), mix(low ^ k2, high ^ state))
    }

    /// The hash of a string's UTF-8 bytes.
    public static func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0), seed: seed) }
    }

    /// The hash of a number.
    @inlinable
    public static func hash(_ value: UInt64, seed: UInt64 = 0) -> UInt64 {
        mix(mix(value ^ k0, seed ^ k1) ^ k2, value ^ k1)
    }

    /// Both halves of the 128-bit product, folded.
    @inlinable
    public static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inlinable
    static func load(_ p: UnsafeRawPointer) -> UInt64 { UInt64(littleEndian: p.loadUnaligned(as: UInt64.self)) }

    @inlinable
    static func load32(_ p: UnsafeRawPointer) -> UInt64 {
        UInt64(UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)))
    }
}
