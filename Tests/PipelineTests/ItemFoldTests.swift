import Events
import Models
import Testing

@testable import Pipeline

struct ItemFoldTests {
    /// A table that learns directly, without the item log: what the log has to come to.
    private func direct(_ samples: [SampleEvent], settings: ItemTable.Settings = .init()) -> ItemTable {
        let shop = SmallShop()
        let table = ItemTable(settings: settings, identifiers: shop.items.table.identifiers)
        for sample in samples {
            guard case .learnt(let lesson) = shop.apply(sample) else { continue }
            let item = table.identifiers.intern(sample.item)
            table.learn(
                item: item, type: sample.type, isNewPair: lesson.isNewPair, time: sample.time,
                preceding: .init(start: shop.fold.preceding, count: lesson.precedingCount))
            func word(_ text: String) -> UInt32 { text.isEmpty ? IdentifierTable.none : table.words.intern(text) }
            guard !sample.saysNothing else { continue }
            table.describe(
                item: item, category: word(sample.category), categoryCode: word(sample.code), brand: word(sample.brand),
                price: sample.price, time: sample.time)
        }
        return table
    }

    private func samples(_ seed: UInt64, _ count: Int = 2500) -> [SampleEvent] {
        var stream = SampleStream(seed: seed)
        return stream.take(count)
    }

    /// The item log of a stream: blocks with their ranges of offsets.
    private func log(_ samples: [SampleEvent], cuts: Set<Int>) throws -> [(range: Range<Int64>, bytes: [UInt8])] {
        let shop = SmallShop()
        var blocks: [(Range<Int64>, [UInt8])] = []
        var first: Int64 = 0
        for (index, sample) in samples.enumerated() {
            shop.apply(sample)
            guard cuts.contains(index) || index == samples.count - 1 else { continue }
            try shop.closeBlock()
            blocks.append((first..<shop.offset, try #require(shop.itemLog.last)))
            first = shop.offset
        }
        return blocks
    }

    private func fold(_ settings: ItemTable.Settings = .init()) -> ItemFold {
        ItemFold(table: ItemTable(settings: settings))
    }

    private func apply(_ bytes: [UInt8], to fold: ItemFold) throws {
        try bytes.withUnsafeBytes { try fold.apply($0, at: fold.offset) }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func theLogTeachesWhatTheEventsDo(seed: UInt64) throws {
        var settings = ItemTable.Settings()
        settings.covisitation.halfLifeMilliseconds = seed == 2 ? 3_600_000 : 0
        settings.covisitation.neighbours = 20
        // Some items are forgotten, and learnt anew in the middle of a block.
        if seed == 3 { settings.itemsMax = 50 }
        let samples = samples(seed)
        let expected = direct(samples, settings: settings).hash()
        var random = Seeded(seed)
        let cuts = Set((0..<40).map { _ in random.below(samples.count) })
        let fold = fold(settings)
        for block in try log(samples, cuts: cuts) { try apply(block.bytes, to: fold) }
        #expect(fold.table.hash() == expected)
        #expect(fold.expected == [0: Int64(samples.count)])
    }

    /// Blocks that were written twice, whole or cut elsewhere, are learnt once.
    @Test func overlapIsDropped() throws {
        let samples = samples(4)
        let expected = direct(samples).hash()
        var random = Seeded(8)
        let coarse = try log(samples, cuts: Set(stride(from: 99, to: 2500, by: 100)))
        for _ in 0..<5 {
            // A restarted writer begins its blocks somewhere inside or before what is there already.
            let restart = random.below(2000) + 100
            let shop = SmallShop()
            var second: [(Range<Int64>, [UInt8])] = []
            var first: Int64 = 0
            for (index, sample) in samples.enumerated() {
                shop.apply(sample)
                guard index >= restart, index % 70 == 0 || index == samples.count - 1 else {
                    if index == restart - 1 {
                        try shop.closeBlock()
                        first = shop.offset
                    }
                    continue
                }
                try shop.closeBlock()
                second.append((first..<shop.offset, try #require(shop.itemLog.last)))
                first = shop.offset
            }
            let fold = fold()
            for block in coarse where Int(block.range.lowerBound) < restart + 150 { try apply(block.bytes, to: fold) }
            for block in coarse.prefix(2) { try apply(block.bytes, to: fold) }
            for block in second { try apply(block.1, to: fold) }
            #expect(fold.table.hash() == expected)
            #expect(fold.learnt == Int(fold.table.attributesSum))
        }
    }

    @Test func recordsOfTheLogAreFoldedOnce() throws {
        let blocks = try log(samples(5, 300), cuts: [100, 200])
        let fold = fold()
        for block in blocks { try apply(block.bytes, to: fold) }
        let hash = fold.table.hash()
        try blocks[0].bytes.withUnsafeBytes { try fold.apply($0, at: 0) }
        #expect(fold.table.hash() == hash)
        #expect(fold.offset == 3)
        fold.skip(to: 9)
        fold.skip(to: 2)
        #expect(fold.offset == 9)
    }

    @Test func aGapStopsTheFold() throws {
        let blocks = try log(samples(6, 300), cuts: [100, 200])
        let fold = fold()
        try apply(blocks[0].bytes, to: fold)
        let hash = fold.table.hash()
        #expect(throws: ItemFold.Failure.gap(partition: 0, expected: 101, found: 201, at: 1)) {
            try apply(blocks[2].bytes, to: fold)
        }
        #expect(fold.table.hash() == hash)
        #expect(fold.offset == 1)
        try apply(blocks[1].bytes, to: fold)
        try apply(blocks[2].bytes, to: fold)
        #expect(fold.expected == [0: 300])
    }

    @Test func emptyBlocksAndOffsetsWithoutRecordsAreNoGap() throws {
        let fold = fold()
        let writer = ByteWriter()
        let block = ItemLogBlockWriter(items: IdentifierTable())
        for (first, end) in [(Int64(5), Int64(9)), (9, 9), (9, 1000)] {
            writer.removeAll()
            block.begin(first: first)
            block.finish(partition: 3, end: end, to: writer)
            try fold.apply(writer.bytes, at: fold.offset)
        }
        #expect(fold.expected == [3: 1000])
    }

    @Test func anotherVersionIsNamed() throws {
        let fold = fold()
        #expect(throws: ItemFold.Failure.unknownVersion(9, at: 0)) { try apply([9, 0, 0], to: fold) }
        #expect(throws: ItemFold.Failure.malformed(at: 0, byte: 0)) { try apply([], to: fold) }
    }

    /// Offsets that no log has are no offsets: what every instance learnt of them, it would add up at each start.
    @Test func aBlockPastAnyLogsEndIsDamaged() throws {
        func block(_ end: Int64) -> [UInt8] {
            let writer = ByteWriter()
            let block = ItemLogBlockWriter(items: IdentifierTable())
            block.begin(first: end - 1)
            block.finish(partition: 0, end: end, to: writer)
            return Array(writer.bytes)
        }
        let fold = fold()
        for end in [ItemSnapshot.offsetsEnd, .max] {
            let failure = #expect(throws: ItemFold.Failure.self) { try apply(block(end), to: fold) }
            #expect(failure?.description.contains("damaged") == true)
        }
        #expect(fold.expected.isEmpty && fold.offset == 0)
        try apply(block(ItemSnapshot.offsetsEnd - 1), to: fold)
        #expect(fold.expected == [0: ItemSnapshot.offsetsEnd - 1])
    }

    @Test func catalogueEntriesDescribeAndWithdraw() throws {
        let fold = fold()
        try fold.applyCatalogue(CatalogueItem(id: "a", title: "T", categoryID: "c", brand: "b", price: 2), "a")
        let item = try #require(fold.table.identifiers.find("a"))
        #expect(fold.table.isRecommendable(item))
        #expect(fold.table.words.text(fold.table.attributes(item).title) == "T")
        try fold.applyCatalogue(nil, "a")
        #expect(!fold.table.isRecommendable(item))
        try fold.applyCatalogue(CatalogueItem(id: "a"), "a")
        #expect(fold.table.isRecommendable(item))
    }

    /// Damaged blocks are failures, or teach something else; never a crash.
    @Test func damagedBlocksNeverCrash() throws {
        let blocks = try log(samples(7, 400), cuts: Set(stride(from: 19, to: 400, by: 20)))
        var random = Seeded(21)
        var failures = 0
        for _ in 0..<600 {
            let fold = fold()
            var bytes = blocks[random.below(blocks.count)].bytes
            switch random.below(4) {
            case 0: bytes.removeLast(1 + random.below(bytes.count))
            case 1: bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes.append(0)
            default:
                let place = 2 + random.below(min(30, bytes.count - 2))
                bytes.replaceSubrange(
                    place..<min(bytes.count, place + 9), with: Array(repeating: 0xFF, count: 7 + random.below(3)) + [1])
            }
            do { try apply(bytes, to: fold) } catch { failures += 1 }
            _ = fold.table.hash()
        }
        #expect(failures > 200)
    }

    /// Catalogue records likewise.
    @Test func damagedCatalogueRecordsNeverCrash() throws {
        let writer = ByteWriter()
        let entry = CatalogueItem(id: "a", title: "A title", categoryID: "c", brand: "b", price: 2)
        Array("a".utf8).withUnsafeBytes { CatalogueRecord.encode(entry, id: $0, to: writer) }
        let whole = Array(writer.bytes)
        var random = Seeded(5)
        for _ in 0..<1000 {
            var bytes = whole
            bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            if random.once(in: 3) { bytes.removeLast(random.below(bytes.count)) }
            try? apply(bytes, to: fold())
        }
        for length in 0..<whole.count {
            #expect(throws: ItemFold.Failure.self) { try apply(Array(whole.prefix(length)), to: fold()) }
        }
    }
}

extension SampleEvent {
    fileprivate var saysNothing: Bool { category.isEmpty && code.isEmpty && brand.isEmpty && price.isNaN }
}

extension ItemTable {
    /// All events that the items counted.
    fileprivate var attributesSum: UInt32 {
        (0..<UInt32(upperBound)).reduce(0) { $0 + attributes($1).counts.wrappedSum() }
    }
}
