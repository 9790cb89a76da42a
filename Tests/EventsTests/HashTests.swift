import Events
import Testing

struct HashTests {
    static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        bytes.withUnsafeBytes { Hash64.hash($0, seed: seed) }
    }

    /// Fixed bits: hashes are stored in topics and compared between machines.
    @Test func keepsItsBits() {
        var all: UInt64 = 0
        for count in 0...100 {
            all = Hash64.hash(Self.hash((0..<count).map { UInt8($0 &* 7 & 0xFF) }, seed: UInt64(count)), seed: all)
        }
        #expect(all == 11_415_212_469_621_232_036)
        #expect(Hash64.hash("freshet") == Self.hash(Array("freshet".utf8)))
    }

    @Test func everyByteAndTheLengthCount() {
        var seen: Set<UInt64> = []
        var hashed = 0
        for count in 0...70 {
            let zeros = [UInt8](repeating: 0, count: count)
            seen.insert(Self.hash(zeros))
            hashed += 1
            for index in 0..<count {
                for bit in 0..<8 {
                    var changed = zeros
                    changed[index] = 1 << UInt8(bit)
                    seen.insert(Self.hash(changed))
                    hashed += 1
                }
            }
        }
        #expect(seen.count == hashed)
    }

    /// Each bit of the input flips each bit of the hash about half of the time.
    @Test func mixes() {
        var random = SplitMix(state: 1)
        var flips = [Int](repeating: 0, count: 64)
        let rounds = 4000
        for _ in 0..<rounds {
            var bytes = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let before = Self.hash(bytes)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let difference = before ^ Self.hash(bytes)
            for bit in 0..<64 where difference >> UInt64(bit) & 1 == 1 { flips[bit] += 1 }
        }
        #expect(flips.allSatisfy { abs($0 - rounds / 2) < rounds / 20 }, "\(flips)")
    }

    @Test func decimalIdsDoNotCollide() {
        #expect(Set((0..<50_000).map { Hash64.hash("\($0)") }).count == 50_000)
    }

    @Test func stateHashIsASumOverRecords() {
        let records = (0..<100).map { Array("user\($0):\($0 * 7)".utf8) }
        func sum(_ records: [[UInt8]]) -> StateHash {
            var hash = StateHash()
            for record in records { record.withUnsafeBytes { hash.add($0) } }
            return hash
        }
        let whole = sum(records)
        #expect(sum(records.reversed()) == whole)
        var parts = sum(Array(records.prefix(30)))
        parts.merge(sum(Array(records.dropFirst(30))))
        #expect(parts == whole && parts.hex == whole.hex && whole.hex.utf8.count == 32)
        #expect(StateHash(low: whole.low, high: whole.high) == whole)
        #expect(sum([records[0], records[0]]) != StateHash(), "twice the same does not cancel")
        #expect(sum([Array("ab".utf8), Array("c".utf8)]) != sum([Array("a".utf8), Array("bc".utf8)]))
    }

    /// Ids that were chosen to collide: their one product is zero, and with it what came before. A table is not led by it.
    @Test func chosenIdentifiersDoNotCollideInATable() {
        let table = IdentifierTable()
        var hashes: Set<UInt64> = []
        var placements: Set<UInt64> = []
        for index in 10_000_000..<10_002_000 {
            let id = "7e5kj432ra2057j9\(index)GGs]3m'_xxxxxxxxxxxxxxxx"
            let number = table.intern(id)
            hashes.insert(table.hash(number))
            placements.insert(table.placement(table.bytes(number)) & 0xFFFF_FFFF)
        }
        #expect(hashes.count == 1 && table.count == 2000)
        #expect(placements.count > 1990)
    }
}
