import Events
import Models
import Testing

@testable import Pipeline

struct ItemSnapshotTests {
    private func settings(halfLife: Int64, items: Int) -> ItemTable.Settings {
        var settings = ItemTable.Settings()
        settings.covisitation.halfLifeMilliseconds = halfLife
        settings.covisitation.neighbours = 10
        settings.itemsMax = items
        return settings
    }

    private func load(_ fold: ItemFold, into copy: ItemFold) throws -> Bool {
        let (chunks, manifest) = ItemSnapshot.encode(fold, fingerprint: 7)
        let writer = ByteWriter()
        manifest.encode(to: writer)
        let read = try ItemSnapshot.Manifest(writer.bytes)
        #expect(read == manifest)
        var loader = ItemSnapshot.Loader(into: copy, manifest: read)
        for chunk in chunks { try chunk.value.withUnsafeBytes { try loader.load($0) } }
        return loader.finish()
    }

    /// A table put back from its snapshot is the same, and learns, evicts and ranks on the same.
    @Test(arguments: [(halfLife: Int64(0), items: 1000), (3_600_000, 1000), (3_600_000, 60)])
    func putBackItGoesOnTheSame(halfLife: Int64, items: Int) throws {
        let settings = settings(halfLife: halfLife, items: items)
        let shop = SmallShop(items: settings)
        var stream = SampleStream(seed: 31)
        try shop.apply(stream.take(2000))
        shop.items.table.withdraw(item: 3)
        let copy = ItemFold(table: ItemTable(settings: settings))
        _ = copy.table.identifiers.intern("known before")
        #expect(try load(shop.items, into: copy))
        #expect(copy.table.hash() == shop.items.table.hash())
        #expect(copy.expected == shop.items.expected)
        #expect(copy.offset == shop.items.offset)
        #expect(copy.table.latestTime == shop.items.table.latestTime)
        #expect(copy.table.liveCount == shop.items.table.liveCount)
        #expect(copy.table.eventCount == shop.items.table.eventCount)
        let before = shop.itemLog.count
        try shop.apply(stream.take(2000))
        for block in shop.itemLog.dropFirst(before) {
            try block.withUnsafeBytes { try copy.apply($0, at: copy.offset) }
        }
        #expect(copy.table.hash() == shop.items.table.hash())
        #expect(lists(shop, of: shop.items) == lists(shop, of: copy))
        #expect(rows(shop.items) == rows(copy))
    }

    /// The lists of all users over a table, by the identifiers.
    private func lists(_ shop: SmallShop, of fold: ItemFold) -> [[String]] {
        let ranker = Ranker(table: fold.table)
        ranker.begin(generation: nil, blend: BlendSettings())
        var lists: [[String]] = []
        let names = shop.items.table.identifiers
        for user in shop.users {
            let items = shop.store[user].entries.reversed().map { fold.table.identifiers.intern(names.text($0.item)) }
            ranker.begin(generation: nil, blend: BlendSettings())
            items.withUnsafeBufferPointer { recents in
                let ratings = [Float](repeating: 1, count: items.count)
                let states = [UserQuery.ItemState](repeating: .viewed, count: items.count)
                ratings.withUnsafeBufferPointer { ratings in
                    states.withUnsafeBufferPointer { states in
                        let query = UserQuery(recents: recents, ratings: ratings, states: states, seed: 1)
                        ranker.rank([query]) { _, list, _ in
                            lists.append(
                                list.map { "\(fold.table.identifiers.text($0.item)) \($0.score) \($0.reason)" })
                        }
                    }
                }
            }
        }
        return lists
    }

    private func rows(_ fold: ItemFold) -> [String: String] {
        var rows: [String: String] = [:]
        let writer = ByteWriter()
        let features = ItemFeatureBuilder()
        let related = RelatedItems()
        for item in 0..<UInt32(fold.table.upperBound) where fold.table.attributes(item).isLive {
            writer.removeAll()
            features.write(item: item, fold: fold, to: writer)
            related.write(item: item, fold: fold, blend: BlendSettings().sequential, to: writer)
            rows[fold.table.identifiers.text(item)] = writer.text
        }
        return rows
    }

    @Test func missingChunksAreNoticed() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 32)
        try shop.apply(stream.take(300))
        let (chunks, manifest) = ItemSnapshot.encode(shop.items, fingerprint: 7)
        #expect(chunks.count == 2)
        var loader = ItemSnapshot.Loader(into: ItemFold(table: ItemTable(settings: .init())), manifest: manifest)
        try chunks[0].value.withUnsafeBytes { try loader.load($0) }
        #expect(!loader.finish())
        var settings = ItemTable.Settings()
        settings.popularityHalfLives = [1000]
        var other = ItemSnapshot.Loader(into: ItemFold(table: ItemTable(settings: settings)), manifest: manifest)
        for chunk in chunks { try? chunk.value.withUnsafeBytes { try other.load($0) } }
        #expect(!other.finish())
    }

    /// Rows longer than this program's bound, of other settings or of damage, are refused: nothing has room for them.
    @Test func rowsPastTheBoundAreRefused() throws {
        var wide = ItemTable.Settings()
        wide.covisitation.neighbours = 128
        let shop = SmallShop(items: wide)
        var stream = SampleStream(seed: 34)
        try shop.apply(stream.take(2000))
        let narrow = ItemFold(table: ItemTable(settings: settings(halfLife: 0, items: 1000)))
        #expect(throws: ByteReader.Malformed.self) { _ = try load(shop.items, into: narrow) }
    }

    @Test func damagedSnapshotsNeverCrash() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 33)
        try shop.apply(stream.take(400))
        let (chunks, manifest) = ItemSnapshot.encode(shop.items, fingerprint: 7)
        let writer = ByteWriter()
        manifest.encode(to: writer)
        let manifestBytes = Array(writer.bytes)
        var random = Seeded(2)
        for round in 0..<120 {
            var bytes = manifestBytes
            bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            guard let read = round % 2 == 0 ? manifest : (try? bytes.withUnsafeBytes { try .init($0) }) else {
                continue
            }
            let fold = ItemFold(table: ItemTable(settings: .init()))
            var loader = ItemSnapshot.Loader(into: fold, manifest: read)
            do {
                for chunk in chunks {
                    var value = chunk.value
                    for _ in 0..<random.below(4) {
                        value[random.below(value.count)] = random.once(in: 2) ? 0xFF : UInt8(random.below(256))
                    }
                    if random.once(in: 4) { value.removeLast(random.below(value.count)) }
                    try value.withUnsafeBytes { try loader.load($0) }
                }
                guard loader.finish() else { continue }
            } catch { continue }
            // What loads is a table that can go on.
            fold.table.learn(
                item: 0, type: .view, isNewPair: true, time: stream.start, preceding: .init(start: nil, count: 0))
            _ = fold.table.hash()
        }
    }

    /// A topic may take less than the usual chunks; what they hold is the same.
    @Test func noChunkIsLargerThanTheTopicTakes() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 35)
        try shop.apply(stream.take(3000))
        let usual = ItemSnapshot.encode(shop.items, fingerprint: 7)
        let (chunks, manifest) = ItemSnapshot.encode(shop.items, fingerprint: 7, bytesMax: 8_000)
        #expect(chunks.count > usual.chunks.count && chunks.allSatisfy { $0.value.count <= 8_000 })
        #expect(chunks.flatMap(\.value) == usual.chunks.flatMap(\.value) && manifest.offset == usual.manifest.offset)
        // As it was where the topic takes what Kafka's default is.
        #expect(ItemSnapshot.encode(shop.items, fingerprint: 7, bytesMax: 1_048_332).manifest == usual.manifest)
    }

    @Test func keysSortByOffset() {
        #expect(ItemSnapshot.key(offset: 255, chunk: 3) == "00000000000000ff/3")
        #expect(ItemSnapshot.key(offset: 9, chunk: nil) < ItemSnapshot.key(offset: 1 << 50, chunk: nil))
    }
}
