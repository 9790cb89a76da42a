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
            append(ItemSnapshot.key(offset: offset, chunk: chunk), [UInt8(offset), UInt8(chunk)])
        }
        guard isComplete else { return }
        let writer = ByteWriter()
        ItemSnapshot.Manifest(
            offset: offset, chunks: chunks, expected: [:], latestTime: 0, epoch: 0, popularitySteps: [],
            activitySteps: [], identifiers: 0, fingerprint: fingerprint, earlier: earlier
        ).encode(to: writer)
        append(ItemSnapshot.key(offset: offset, chunk: nil), Array(writer.bytes))
    }

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
}
