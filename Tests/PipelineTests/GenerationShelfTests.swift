import Events
import Linear
import Models
import Testing

@testable import Pipeline

/// The models topic in memory, and ways to write to it badly.
struct ModelsLog {
    let topics = MemoryTopics()

    func append(_ records: [GenerationRecords.Record]) {
        for record in records { topics.append(.models, 0, key: Array(record.key.utf8), value: record.value) }
    }

    func follower(only number: Int? = nil) throws -> GenerationFollower {
        try GenerationFollower(only: number) { [topics] offset in MemoryReader(topics, .models, 0, from: offset) }
    }

    /// What the whole topic says, read from its beginning.
    func shelf() throws -> GenerationShelf {
        var shelf = GenerationShelf()
        let reader = MemoryReader(topics, .models, 0, from: 0)
        while !(try reader.read(
            max: 1000, timeoutMilliseconds: 0,
            record: { shelf.take(key: $0.key!, value: $0.value, offset: $0.offset) }))
        {}
        return shelf
    }

    /// Two items; `mark` tells generations apart.
    static func generation(_ number: Int, mark: Float) -> Generation {
        Generation(
            number: number, manifest: GenerationManifest(), items: ["a", "b"], factors: Matrix([[mark], [0]]),
            neighbours: [], neighbourWeights: [], neighboursPerItem: 0)
    }

    static func records(
        _ number: Int, mark: Float, isPromoted: Bool = true, chunkBytes: Int = 60
    ) -> [GenerationRecords.Record] {
        let stream = GenerationCodec.encode(generation(number, mark: mark))
        let chunks = GenerationRecords.chunked(stream, number: number, chunkBytes: chunkBytes)
        var decision = GenerationDecision(isPromoted: isPromoted, reason: isPromoted ? .notWorse : .worse)
        decision.number = number
        decision.content = chunks[chunks.count - 1].value.withUnsafeBytes { Hash64.hash($0) }
        return chunks.map { ($0.key.text, $0.value) } + [GenerationRecords.decision(decision)]
    }
}

@Suite struct GenerationShelfTests {
    /// Sizes that no search and no projection takes are damage, as a byte too few is.
    @Test(arguments: [[0], [0x81, 0x08], [0x80, 0x20]] as [[UInt8]]) func refusesAWidthThatCannotBeServed(
        columns: [UInt8]
    ) throws {
        var stream = GenerationCodec.encode(ModelsLog.generation(1, mark: 3))
        // Two items of one column and no neighbours, then their identifiers.
        let sizes: [UInt8] = [2, 1, 0, 1, UInt8(ascii: "a"), 1, UInt8(ascii: "b")]
        let start = try #require(stream.indices.first { stream[$0...].starts(with: sizes) })
        #expect(try stream.withUnsafeBytes { try GenerationCodec.decode($0) }.factors[0, 0] == 3)
        stream.replaceSubrange((start + 1)...(start + 1), with: columns)
        stream += [UInt8](repeating: 0, count: 8 * 4096)
        #expect(throws: ByteReader.Malformed.self) { try stream.withUnsafeBytes { try GenerationCodec.decode($0) } }
    }

    private func shelf(_ records: [GenerationRecords.Record]) -> GenerationShelf {
        var shelf = GenerationShelf()
        for (offset, record) in records.enumerated() {
            Array(record.key.utf8).withUnsafeBytes { key in
                if let value = record.value {
                    value.withUnsafeBytes { shelf.take(key: key, value: $0, offset: Int64(offset)) }
                } else {
                    shelf.take(key: key, value: nil, offset: Int64(offset))
                }
            }
        }
        return shelf
    }

    @Test func nothingIsServedBeforeTheLastRecord() {
        let records = ModelsLog.records(1, mark: 1)
        #expect(records.count > 4)
        for end in 0..<records.count { #expect(shelf(Array(records[..<end])).choice == nil) }
        #expect(shelf(records).choice?.number == 1)
    }

    @Test func aHalfPublishedGenerationLeavesTheLastOneServing() {
        let (first, second) = (ModelsLog.records(1, mark: 1), ModelsLog.records(2, mark: 2))
        for end in 0..<second.count { #expect(shelf(first + second[..<end]).choice?.number == 1) }
        #expect(shelf(first + second).choice?.number == 2)
        // Its writer died; another one publishes at the same number, with fewer chunks.
        let again = ModelsLog.records(2, mark: 3, chunkBytes: 150)
        for end in 0..<again.count { #expect(shelf(first + second[..<3] + again[..<end]).choice?.number == 1) }
        #expect(shelf(first + second[..<3] + again).choice?.number == 2)
    }

    /// A topic may take less than the usual chunks.
    @Test(arguments: [200, 300, .max]) func noRecordIsLargerThanTheTopicTakes(bytesMax: Int) {
        let decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        let publication = GenerationShelf().publication(
            ModelsLog.generation(0, mark: 1), decision, keeping: 3, bytesMax: bytesMax)
        let sizes = publication.records.map { $0.key.utf8.count + ($0.value?.count ?? 0) }
        #expect(sizes.dropLast(2).allSatisfy { $0 <= bytesMax })
        #expect(shelf(publication.records).choice?.number == 1)
        #expect((sizes.count > 3) == (bytesMax < .max))
    }

    @Test func whatCannotBeServedIsTold() {
        let records = ModelsLog.records(1, mark: 1)
        #expect(shelf([]).silence == nil && shelf(records).silence == nil)
        let undecided = shelf(Array(records.dropLast()))
        #expect(undecided.undecided == [1])
        #expect(undecided.silence?.contains("`freshet models promote 1`") == true)
        // The refused are silent by a decision.
        #expect(shelf(ModelsLog.records(1, mark: 1, isPromoted: false)).silence == nil)
        // An older version's manifest has no hashes.
        let old: [GenerationRecords.Record] = [("4/0", [1, 2, 3]), ("4/manifest", [1, 1])]
        #expect(shelf(old).foreign == [4] && shelf(old).undecided.isEmpty)
        #expect(shelf(old).silence?.contains("another version") == true)
        #expect(shelf(old + ModelsLog.records(5, mark: 1)).silence == nil)
        #expect(shelf(old + [("4/manifest", nil)]).silence == nil)
    }

    @Test func theRefusedAreNotServed() {
        let records = ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2, isPromoted: false)
        #expect(shelf(records).choice?.number == 1)
        #expect(shelf(records).whole == [1, 2] && shelf(records).promoted == [1])
        #expect(shelf(records + [GenerationRecords.serving(2)]).choice?.number == 1)
    }

    @Test func pinsHoldUntilTheyEnd() {
        let two = ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2)
        let pinned = two + [GenerationRecords.serving(1)]
        #expect(shelf(pinned).choice?.number == 1)
        let third = pinned + ModelsLog.records(3, mark: 3)
        #expect(shelf(third).choice?.number == 1)
        #expect(shelf(third + [GenerationRecords.serving(nil)]).choice?.number == 3)
        // A pin on what is not there counts for nothing.
        #expect(shelf(third + [GenerationRecords.serving(9)]).choice?.number == 3)
    }

    /// The number of a pin is written down with the shelf: what could not be read again there is no pin.
    @Test(arguments: ["-1", "2147483648", "9223372036854775807", "1e3", ""])
    func aPinThatIsNoNumberOfAGenerationIsNone(text: String) throws {
        let pinned = ModelsLog.records(1, mark: 1) + [("serving", Array(text.utf8))]
        #expect(shelf(pinned).pinned == nil && shelf(pinned).choice?.number == 1)
        let again = try shelf(pinned).encoded().withUnsafeBytes { try GenerationShelf(encoded: $0) }
        #expect(again.choice == shelf(pinned).choice)
    }

    @Test func theLastPromotionCounts() {
        let records = ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2)
        let byHand = ModelsLog.records(1, mark: 1).suffix(1)
        #expect(shelf(records + byHand).promoted == [2, 1])
        #expect(shelf(records + byHand).choice?.number == 1)
        // Without the generation itself a promotion is nothing.
        #expect(shelf(records + byHand + [("1/manifest", nil)]).choice?.number == 2)
    }

    @Test func twoWritersOfOneNumberDoNotPassForOne() {
        let base = ModelsLog.records(1, mark: 1)
        let (one, other) = (ModelsLog.records(2, mark: 2), ModelsLog.records(2, mark: 3))
        // In all interleavings of the two, what is served is one of them whole, with its own decision, or neither.
        for pattern in stride(from: 0, to: 1 << (one.count + other.count), by: 37) {
            var (left, right) = (one[...], other[...])
            var records = base
            var bits = pattern
            while !left.isEmpty || !right.isEmpty {
                let takesLeft = right.isEmpty || (!left.isEmpty && bits & 1 == 0)
                records.append(takesLeft ? left.removeFirst() : right.removeFirst())
                bits >>= 1
            }
            let shelf = shelf(records)
            guard shelf.choice?.number == 2 else { continue }
            #expect(shelf.decisions[2]?.content == shelf.choice?.content)
        }
        #expect(shelf(base + one + other).choice?.number == 2)
        // The second one's decision is missing: the first one's says nothing about what lies there now.
        #expect(shelf(base + one + other.dropLast()).choice?.number == 1)
    }

    @Test func numbersGoOnAfterWhateverIsKnown() {
        #expect(shelf([]).nextNumber == 1)
        #expect(shelf(Array(ModelsLog.records(4, mark: 1).prefix(1))).nextNumber == 5)
        #expect(shelf(ModelsLog.records(7, mark: 1).suffix(1)).nextNumber == 8)
    }

    @Test func theTopicStaysSmall() throws {
        var records: [GenerationRecords.Record] = []
        for index in 0..<60 {
            let decision = GenerationDecision(isPromoted: index % 3 > 0 || index == 0, reason: .notWorse)
            records +=
                shelf(records).publication(ModelsLog.generation(0, mark: Float(index)), decision, keeping: 3)
                .records
            let shelf = shelf(records)
            #expect(shelf.choice?.number == shelf.promoted.last)
            #expect(shelf.whole.count <= 5 && shelf.decisions.count <= GenerationRecords.decisionsMax)
            if index > 3 { #expect(shelf.promoted.count >= 2) }
        }
        #expect(shelf(records).nextNumber == 61)
    }

    @Test func decisionsComeBackAsTheyWere() throws {
        var decision = GenerationDecision(isPromoted: false, reason: .worse)
        decision.number = 12
        decision.content = 99
        decision.model = "als"
        decision.serving = 11
        decision.latestTime = 1_700_000_000_000
        #expect(
            try GenerationDecisionCodec.encode(decision).withUnsafeBytes(GenerationDecisionCodec.decode) == decision)
        var comparison = GenerationComparison()
        comparison.cases = 100
        comparison.users = 40
        comparison.candidate = .init(hitRate: 0.25, ndcg: 0.125)
        comparison.serving = .init(hitRate: 0.5, ndcg: 0.25)
        comparison.difference = PairedInterval(mean: -0.125, low: -0.2, high: -0.05)
        comparison.boundary = 1_699_999_999_999
        decision.comparison = comparison
        #expect(
            try GenerationDecisionCodec.encode(decision).withUnsafeBytes(GenerationDecisionCodec.decode) == decision)
    }

    /// Decisions from before they told of stand-ins are read as before.
    @Test func standInsAreKeptAndNeedNotBeThere() throws {
        var decision = GenerationDecision(isPromoted: false, reason: .less)
        decision.comparison = GenerationComparison()
        decision.comparison?.cases = 30
        let before = GenerationDecisionCodec.encode(decision)
        for (candidate, serving) in [(false, false), (true, false), (false, true), (true, true)] {
            decision.comparison?.standIns = .init(candidate: candidate, serving: serving)
            let bytes = GenerationDecisionCodec.encode(decision)
            #expect(bytes.count == before.count + 1 && bytes.starts(with: before))
            #expect(try bytes.withUnsafeBytes(GenerationDecisionCodec.decode) == decision)
        }
        decision.comparison?.standIns = nil
        #expect(try before.withUnsafeBytes(GenerationDecisionCodec.decode) == decision)
    }
}
