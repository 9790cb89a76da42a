import Events
import Models
import Testing

@testable import Pipeline

/// How a start finds the newest snapshot that it can use.
struct SnapshotCollectorTests {
    private let topics = MemoryTopics()

    /// Chunks of some bytes and a manifest, as the leader writes them; `chunks` fewer where its writer died.
    private func write(
        _ offset: Int64, chunks: Int, fingerprint: UInt64 = 7, earlier: [ItemSnapshot.Place] = [], written: Int? = nil,
        isComplete: Bool = true
    ) {
        for chunk in 0..<(written ?? chunks) {
            append(ItemSnapshot.key(offset: offset, chunk: chunk), bytes(offset, chunk))
        }
        guard isComplete else { return }
        let writer = ByteWriter()
        ItemSnapshot.Manifest(
            offset: offset, chunks: chunks, content: ItemSnapshot.content(of: (0..<chunks).map { bytes(offset, $0) }),
            expected: [:], latestTime: 0, epoch: 0, popularitySteps: [],
            activitySteps: [], identifiers: 0, fingerprint: fingerprint, earlier: earlier
        ).encode(to: writer)
        append(ItemSnapshot.key(offset: offset, chunk: nil), Array(writer.bytes))
    }

    private func bytes(_ offset: Int64, _ chunk: Int) -> [UInt8] { [UInt8(offset), UInt8(chunk)] }

    private func append(_ key: String, _ value: [UInt8]?) {
        topics.append(.snapshots, 0, key: Array(key.utf8), value: value)
    }

    private func collect(upTo bound: Int64 = .max) throws -> (collector: SnapshotCollector, offsets: [Int64]) {
        var offsets: [Int64] = []
        let collector = try SnapshotCollector(fingerprint: 7, upTo: bound) { [topics] offset in
            offsets.append(offset)
            return MemoryReader(topics, .snapshots, 0, from: offset)
        }
        while !(try collector.advance()) {}
        return (collector, offsets)
    }

    @Test func theNewestIsReadAlone() throws {
        write(10, chunks: 90)
        write(20, chunks: 90, earlier: [.init(offset: 10, chunks: 90)])
        write(30, chunks: 30, earlier: [.init(offset: 10, chunks: 90), .init(offset: 20, chunks: 90)])
        let (collector, offsets) = try collect()
        #expect(collector.newest?.manifest.offset == 30)
        #expect(collector.newest?.chunks.map { $0[1] } == (0..<30).map { UInt8($0) })
        // The last records, then from a little before its first chunk; not all 213 records.
        #expect(offsets == [-8, 212 - 2 * 30 - 16])
        #expect(collector.kept.map(\.offset) == [10, 20, 30] && collector.kept.map(\.chunks) == [90, 90, 30])
    }

    @Test func oneWithoutItsManifestDoesNotCount() throws {
        write(10, chunks: 5)
        write(20, chunks: 40, isComplete: false)
        let (collector, offsets) = try collect()
        #expect(collector.newest?.manifest.offset == 10)
        #expect(offsets == [-8, 0])
        #expect(collector.kept.map(\.offset) == [10])
        #expect(collector.torn == [ItemSnapshot.Place(offset: 20, chunks: 40)])
        // What it has left does not spoil a smaller one at the same place, nor does its deletion before the manifest.
        write(20, chunks: 30, isComplete: false)
        for chunk in 30..<35 { append(ItemSnapshot.key(offset: 20, chunk: chunk), nil) }
        write(20, chunks: 30, written: 0)
        let again = try collect().collector
        #expect(again.newest?.manifest.offset == 20 && again.newest?.chunks.count == 30)
        #expect(again.torn.isEmpty)
    }

    @Test func oneWithoutAllChunksGivesWayToAnOlderOne() throws {
        write(10, chunks: 50)
        write(20, chunks: 6, written: 5)
        let (collector, offsets) = try collect()
        #expect(collector.newest?.manifest.offset == 10 && collector.newest?.chunks.count == 50)
        #expect(offsets.count == 3 && offsets.last == 0)
    }

    /// Two leaders have written at the same place: one's chunks do not go with the other's manifest.
    @Test func oneWithAnotherOnesChunkGivesWayToAnOlderOne() throws {
        write(10, chunks: 5)
        write(20, chunks: 6)
        append(ItemSnapshot.key(offset: 20, chunk: 3), [20, 99])
        #expect(try collect().collector.newest?.manifest.offset == 10)
        // The place is written a second time, and spoilt again: it is still one snapshot.
        write(20, chunks: 6)
        write(20, chunks: 6)
        append(ItemSnapshot.key(offset: 20, chunk: 3), [20, 99])
        let reader = ListReader(.snapshots, 0, from: 0) { [topics] in
            topics.read(.snapshots, 0, from: 0, max: 1000).records.map { record in
                var entry = ListReader.Entry(nil, nil)
                (entry.key, entry.value) = (record.key, record.value)
                return entry
            }
        }
        let collector = try SnapshotCollector(fingerprint: 7, upTo: 100) { _ in reader }
        while !(try collector.advance()) {}
        #expect(collector.newest?.manifest.offset == 10)
    }

    @Test func onesOfOtherSettingsAreLeftOutButKnown() throws {
        write(10, chunks: 5)
        write(20, chunks: 5, fingerprint: 8)
        let (collector, _) = try collect()
        #expect(collector.newest?.manifest.offset == 10)
        #expect(collector.kept.map(\.offset) == [10, 20])
        write(30, chunks: 5, fingerprint: 8)
        for chunk in 0..<5 { append(ItemSnapshot.key(offset: 10, chunk: chunk), nil) }
        append(ItemSnapshot.key(offset: 10, chunk: nil), nil)
        #expect(try collect().collector.newest == nil)
    }

    @Test func anOlderOneIsFoundForAnOlderList() throws {
        for offset in [10, 20, 30] as [Int64] { write(offset, chunks: 5) }
        #expect(try collect(upTo: 29).collector.newest?.manifest.offset == 20)
        #expect(try collect(upTo: 9).collector.newest == nil)
    }

    @Test func anEmptyTopicHasNone() throws {
        let (collector, _) = try collect()
        #expect(collector.newest == nil && collector.kept.isEmpty)
    }

    /// Whatever a byte of a manifest or of a key is: it is read, or taken for damage, and what loads can go on.
    @Test func damagedManifestsNeverTrap() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 3)
        try shop.apply(stream.take(200))
        var (chunks, manifest) = ItemSnapshot.encode(shop.items, fingerprint: 7)
        manifest.earlier = [.init(offset: 1, chunks: 2), .init(offset: 2, chunks: 1)]
        let writer = ByteWriter()
        manifest.encode(to: writer)
        let whole = Array(writer.bytes)
        var random = Seeded(4)
        var damaged: [[UInt8]] = whole.indices.flatMap { place in
            [0, 1, 2, 0x7E, 0x7F, 0x80, 0xFE, 0xFF].map { (value: UInt8) in
                var bytes = whole
                bytes[place] = value
                return bytes
            }
        }
        // Long numbers in the place of short ones.
        for place in whole.indices {
            for end: [UInt8] in [[0x01], [0x7F]] {
                for length in [4, 8, 9] {
                    damaged.append(
                        whole[..<place] + [UInt8](repeating: 0xFF, count: length) + end + whole[(place + 1)...])
                }
            }
        }
        for _ in 0..<500 {
            damaged.append(
                [ItemSnapshot.version] + (0..<random.below(80)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        var usable = 0
        for bytes in damaged {
            let topics = MemoryTopics()
            for chunk in chunks {
                let key = ItemSnapshot.key(offset: manifest.offset, chunk: chunk.number)
                topics.append(.snapshots, 0, key: Array(key.utf8), value: chunk.value)
            }
            topics.append(
                .snapshots, 0, key: Array(ItemSnapshot.key(offset: manifest.offset, chunk: nil).utf8), value: bytes)
            let collector = try SnapshotCollector(fingerprint: 7) { MemoryReader(topics, .snapshots, 0, from: $0) }
            while !(try collector.advance()) {}
            for place in collector.kept + collector.torn { _ = ItemSnapshot.key(offset: place.offset, chunk: nil) }
            let fold = ItemFold(table: ItemTable(settings: .init()))
            guard (try? fold.load(collector)) == true else { continue }
            usable += 1
            let again = ByteWriter()
            ItemSnapshot.encode(fold, fingerprint: 7).manifest.encode(to: again)
            _ = fold.expected.values.reduce(0) { $0 + Int($1) }
            fold.table.learnView("another", time: stream.start)
            _ = fold.table.hash()
        }
        #expect(usable > 10)
    }

    /// Complete, but not what a fold can load: nothing of them is in the table, and an older one is taken.
    @Test func damagedOnesGiveWayToAnOlderOne() throws {
        let shop = SmallShop()
        var stream = SampleStream(seed: 5)
        try shop.apply(stream.take(200))
        let (chunks, manifest) = ItemSnapshot.encode(shop.items, fingerprint: 7)
        for chunk in chunks { append(ItemSnapshot.key(offset: manifest.offset, chunk: chunk.number), chunk.value) }
        let writer = ByteWriter()
        manifest.encode(to: writer)
        append(ItemSnapshot.key(offset: manifest.offset, chunk: nil), Array(writer.bytes))
        let later = manifest.offset + 10
        try #require(later + 20 < 256)
        // The newest begins well, and hides the oldest from the first look.
        append(ItemSnapshot.key(offset: later + 20, chunk: 0), chunks[0].value)
        append(ItemSnapshot.key(offset: later + 20, chunk: 1), [9])
        var spoilt = manifest
        (spoilt.offset, spoilt.chunks) = (later + 20, 2)
        spoilt.content = ItemSnapshot.content(of: [chunks[0].value, [9]])
        writer.removeAll()
        spoilt.encode(to: writer)
        write(later, chunks: 40)
        write(later + 10, chunks: 40)
        append(ItemSnapshot.key(offset: later + 20, chunk: nil), Array(writer.bytes))

        let fold = ItemFold(table: ItemTable(settings: shop.items.table.settings))
        let collector = try SnapshotCollector(for: fold, fingerprint: 7) { [topics] in
            MemoryReader(topics, .snapshots, 0, from: $0)
        }
        while !(try collector.advance()) {}
        #expect(collector.newest?.manifest.offset == manifest.offset)
        #expect(collector.damaged.keys.sorted() == [later, later + 10, later + 20])
        var notices: [String] = []
        #expect(try fold.load(collector) { notices.append($0) })
        #expect(notices.count == 3 && notices[0].contains("snapshot at \(later + 20) is damaged"))
        #expect(fold.offset == manifest.offset && fold.table.hash() == shop.items.table.hash())
    }

    @Test func damagedKeysNeverTrap() throws {
        write(10, chunks: 2)
        for key in [
            "-7fffffffffffffff/0", "-1/manifest", "000000000000000b/9223372036854775807", "000000000000000c/-1",
            "7fffffffffffffff/3", "/", "x/y", "000000000000000d/",
        ] { append(key, [1]) }
        let (collector, _) = try collect()
        #expect(collector.newest?.manifest.offset == 10)
        for place in collector.torn { #expect(place.chunks < 1 << 21 && place.offset >= 0) }
    }
}
