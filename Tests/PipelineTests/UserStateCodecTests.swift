import Events
import Models
import Testing

@testable import Pipeline

struct UserStateCodecTests {
    private func filled(_ seed: UInt64, _ count: Int) -> (shop: SmallShop, rest: [SampleEvent]) {
        var settings = UserFold.Settings()
        settings.historyItemsMax = 20
        let shop = SmallShop(user: settings)
        var stream = SampleStream(seed: seed)
        for sample in stream.take(count) { shop.apply(sample) }
        return (shop, stream.take(500))
    }

    private func record(_ shop: SmallShop, _ user: UserStore.User) -> [UInt8] {
        let writer = ByteWriter()
        shop.codec.encode(shop.store[user], to: writer)
        return Array(writer.bytes)
    }

    /// A store read back, in another order and with other numbers, is the same, and goes on the same.
    @Test(arguments: [UInt64(1), 2, 3]) func roundTripsAndGoesOn(seed: UInt64) throws {
        let (shop, rest) = filled(seed, 2000)
        let copy = SmallShop(user: shop.fold.settings)
        _ = copy.items.table.identifiers.intern("another item first")
        for user in shop.users.reversed() {
            let bytes = record(shop, user)
            try bytes.withUnsafeBytes {
                _ = try copy.codec.decode($0, user: shop.store.identifiers.bytes(user), into: copy.store)
            }
        }
        func hashes() -> [StateHash] {
            [
                shop.store.hash(items: shop.items.table.identifiers),
                copy.store.hash(items: copy.items.table.identifiers),
            ]
        }
        #expect(hashes()[0] == hashes()[1])
        #expect(copy.store.oldestDirtyOffset() == nil)
        copy.offset = shop.offset
        for sample in rest {
            switch (shop.apply(sample), copy.apply(sample)) {
            case (.learnt(let a), .learnt(let b)):
                #expect(a.isNewPair == b.isNewPair)
                let names = (0..<a.precedingCount).map { shop.items.table.identifiers.text(shop.fold.preceding[$0]) }
                let others = (0..<b.precedingCount).map { copy.items.table.identifiers.text(copy.fold.preceding[$0]) }
                #expect(names == others)
            case (.duplicate, .duplicate): break
            case (.erased(let a), .erased(let b)): #expect((a == nil) == (b == nil))
            default: Issue.record("another outcome after a round trip")
            }
        }
        #expect(hashes()[0] == hashes()[1])
    }

    @Test func everyFieldIsInTheHash() {
        let (shop, _) = filled(4, 300)
        let user = shop.users[0]
        let state = shop.store.states + Int(user)
        var seen: Set<StateHash> = [shop.store.hash(items: shop.items.table.identifiers)]
        func expectNew(_ change: (inout UserState) -> Void) {
            let before = state.pointee
            change(&state.pointee)
            #expect(seen.insert(shop.store.hash(items: shop.items.table.identifiers)).inserted)
            state.pointee = before
        }
        expectNew { $0.offset += 1 }
        expectNew { $0.counts[3] += 1 }
        expectNew { $0.firstTime += 1 }
        expectNew { $0.latestTime += 1 }
        expectNew { $0.sessionHash ^= 1 }
        expectNew { $0.sessionStart += 1 }
        expectNew { $0.sessionEvents += 1 }
        expectNew { $0.sessions += 1 }
        expectNew { $0.priceSum += 1 }
        expectNew { $0.priceCount += 1 }
        expectNew { $0.bucketCount -= 1 }
        expectNew { $0.historyCount -= 1 }
    }

    /// Damaged records are errors, or other states; never a crash, and the store stays usable.
    @Test func damagedRecordsNeverCrash() throws {
        let (shop, rest) = filled(5, 1500)
        var random = Seeded(77)
        let records = shop.users.map { record(shop, $0) }
        var failures = 0
        for round in 0..<6000 {
            var bytes = records[random.below(records.count)]
            switch random.below(3) {
            case 0: bytes.removeLast(random.below(bytes.count) + 1)
            case 1: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            default:
                let place = random.below(bytes.count)
                bytes.replaceSubrange(
                    place..<min(bytes.count, place + 9), with: Array(repeating: 0xFF, count: 8 + random.below(3)))
            }
            let id = "damaged-\(round % 50)"
            do {
                try bytes.withUnsafeBytes { record in
                    _ = try Array(id.utf8).withUnsafeBytes {
                        try shop.codec.decode(record, user: $0, into: shop.store)
                    }
                }
            } catch {
                failures += 1
                // A record of another version is turned away before anything is touched.
                #expect(bytes.first != 1 || Array(id.utf8).withUnsafeBytes { shop.store.find($0) } == nil)
            }
        }
        #expect(failures > 3000)
        for var sample in rest {
            sample.user = "damaged-\(random.below(50))"
            shop.apply(sample)
        }
        let writer = ByteWriter()
        for user in shop.users { shop.codec.encode(shop.store[user], to: writer) }
    }

    /// A history that no configuration allows is damage, however many bytes stand behind it.
    @Test(arguments: [2000, 2001, 61_700, 65_535]) func aHistoryIsBounded(entries: Int) throws {
        let shop = SmallShop()
        let user = Array("empty".utf8).withUnsafeBytes { shop.store.make($0) }
        let writer = ByteWriter()
        // All but the length of the history, which ends the record.
        let empty = record(shop, user)
        empty.dropLast().withUnsafeBytes { writer.raw($0) }
        writer.varint(entries)
        for entry in 0..<entries {
            Array("\(entry)".utf8).withUnsafeBytes { writer.counted($0) }
            writer.signed(0)
            // Two types each, so that every pair has its rating beside the history.
            writer.byte(5)
            writer.signed(0)
            writer.signed(0)
        }
        func decode() throws {
            _ = try Array("u".utf8).withUnsafeBytes {
                try shop.codec.decode(writer.bytes, user: $0, into: shop.store)
            }
        }
        if entries <= UserStateCodec.historyItemsMax {
            try decode()
        } else {
            #expect(throws: ByteReader.Malformed.self) { try decode() }
        }
    }

    /// Each byte of a record, as any other: an error or another state.
    @Test func anyByteMayBeAnother() throws {
        let (shop, _) = filled(6, 400)
        let user = try #require(shop.users.max { shop.store[$0].historyCount < shop.store[$1].historyCount })
        var bytes = record(shop, user)
        for place in bytes.indices {
            let whole = bytes[place]
            for value in [0, 1, 0x7F, 0x80, 0xFE, 0xFF, whole ^ 1, whole ^ 0x80] as [UInt8] {
                bytes[place] = value
                try? bytes.withUnsafeBytes { record in
                    _ = try Array("copy".utf8).withUnsafeBytes {
                        try shop.codec.decode(record, user: $0, into: shop.store)
                    }
                }
            }
            bytes[place] = whole
        }
    }

    @Test func markersRoundTrip() throws {
        for typeNames in [nil, 7 as UInt64] {
            let writer = ByteWriter()
            let marker = CheckpointRecord.Marker(
                offset: 1 << 40, fingerprint: .max - 3, typeNames: typeNames, writer: "freshet-é-1")
            marker.encode(to: writer)
            #expect(try CheckpointRecord.Marker(writer.bytes) == marker)
            for length in 0..<(typeNames == nil ? 10 : 18) {
                #expect(throws: ByteReader.Malformed.self) { try CheckpointRecord.Marker(writer.bytes(0..<length)) }
            }
        }
    }
}
