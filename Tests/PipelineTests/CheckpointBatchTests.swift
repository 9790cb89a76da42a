import Events
import Models
import Testing

@testable import Pipeline

struct CheckpointBatchTests {
    /// A shop after some events, and the states of its users as records, by their names.
    private func states(_ shop: SmallShop) -> [String: [UInt8]] {
        let writer = ByteWriter()
        return shop.users.reduce(into: [:]) { states, user in
            writer.removeAll()
            shop.codec.encode(shop.store[user], to: writer)
            states[shop.store.identifiers.text(user)] = Array(writer.bytes)
        }
    }

    private func add(_ batch: CheckpointBatch, _ user: String, _ state: [UInt8]?) {
        Array(user.utf8).withUnsafeBytes { user in
            guard let state else { return batch.add(user, nil) }
            state.withUnsafeBytes { batch.add(user, $0) }
        }
    }

    private func hash(_ shop: SmallShop) -> StateHash { shop.store.hash(items: shop.items.table.identifiers) }

    /// Of several states of a user the last one counts, in one batch and over several, and an erased one is gone: one that
    /// the batch itself had, one that the store had, one that comes back.
    @Test(arguments: [false, true]) func theLastStateCounts(inBatchesOfTheirOwn: Bool) throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 51)
        stream.withDeletes = false
        try shop.apply(stream.take(400))
        let early = states(shop)
        try shop.apply(stream.take(400))
        let late = states(shop)
        #expect(early.filter { late[$0.key] != $0.value }.count > 10, "the states must differ")

        let copy = SmallShop()
        let batch = CheckpointBatch()
        func next() throws {
            guard inBatchesOfTheirOwn else { return }
            try batch.move(into: copy.store, copy.codec)
        }
        for (user, state) in early { add(batch, user, state) }
        try next()
        let names = late.keys.sorted()
        let (erased, back) = (names[3], names[5])
        add(batch, erased, nil)
        add(batch, back, nil)
        add(batch, "never seen", nil)
        try next()
        for user in names where user != erased { add(batch, user, late[user]) }
        try batch.move(into: copy.store, copy.codec)

        let gone = try #require(shop.store.find(erased))
        shop.store.erase(gone)
        #expect(hash(copy) == hash(shop))
        #expect(copy.store.find(erased) == nil && copy.store.find(back) != nil)
        // It is empty again: what is moved once more changes nothing.
        copy.store.erase(try #require(copy.store.find(back)))
        try batch.move(into: copy.store, copy.codec)
        #expect(copy.store.find(back) == nil)
    }

    @Test func isFullByTheBytesOfAllRecords() {
        let batch = CheckpointBatch()
        let state = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<CheckpointBatch.bytesMax >> 20 {
            #expect(!batch.isFull)
            add(batch, "u", state)
        }
        #expect(batch.isFull)
    }

    @Test func aDamagedStateIsSaid() throws {
        let batch = CheckpointBatch()
        add(batch, "u", [255, 255, 255])
        let shop = SmallShop()
        #expect(throws: ByteReader.Malformed.self) { try batch.move(into: shop.store, shop.codec) }
    }
}

extension UserStore {
    fileprivate func find(_ name: String) -> User? { Array(name.utf8).withUnsafeBytes { find($0) } }
}
