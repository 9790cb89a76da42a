import Events
import Models
import Testing

@testable import Pipeline

/// A generation that this program cannot read ends nobody.
@Suite struct UnreadableGenerationTests {
    /// A promoted generation whose stream is of this version and no generation.
    private func unreadable(_ number: Int) -> [GenerationRecords.Record] {
        let chunks = GenerationRecords.chunked([GenerationCodec.version, 9, 9, 9], number: number, chunkBytes: 60)
        var decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        decision.number = number
        decision.content = chunks[chunks.count - 1].value.withUnsafeBytes { Hash64.hash($0) }
        return chunks.map { ($0.key.text, $0.value) } + [GenerationRecords.decision(decision)]
    }

    private final class Notices {
        private(set) var texts: [String] = []
        init(_ follower: GenerationFollower) { follower.notice = { [unowned self] in texts.append($0) } }
    }

    private func settle(_ follower: GenerationFollower) throws -> Generation? {
        var found: Generation?
        for _ in 0..<20 { found = try follower.advance() ?? found }
        return found
    }

    @Test func whatIsServedStays() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2))
        let follower = try log.follower()
        let notices = Notices(follower)
        #expect(try settle(follower)?.number == 2)
        log.append(unreadable(3))
        #expect(try settle(follower) == nil && !follower.isBusy)
        #expect(follower.choice?.number == 2, "candidates are compared with it")
        try #require(notices.texts.count == 1)
        #expect(notices.texts[0].contains("generation 3 ") && notices.texts[0].contains("generation 2 is served"))
        #expect(notices.texts[0].contains("`freshet models pin NUMBER`"))
        // Another decision is followed, and the next generation served.
        log.append([GenerationRecords.serving(1)])
        #expect(try settle(follower)?.number == 1)
        log.append([GenerationRecords.serving(nil)])
        #expect(try settle(follower) == nil)
        log.append(ModelsLog.records(4, mark: 4))
        #expect(try settle(follower)?.number == 4)
        #expect(notices.texts.count == 1)
    }

    @Test func aStartTakesTheOneBefore() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + unreadable(2))
        let cache = GenerationCache()
        for _ in 0..<2 {
            let follower = try log.follower()
            follower.cache = cache
            let notices = Notices(follower)
            #expect(try settle(follower)?.number == 1 && follower.hasCaughtUp)
            // The process's second follower need not say it again.
            #expect(notices.texts.count <= 1)
            follower.notice = { Issue.record("said twice: \($0)") }
            #expect(try settle(follower) == nil)
        }
        let alone = ModelsLog()
        alone.append(unreadable(1))
        let follower = try alone.follower()
        let notices = Notices(follower)
        #expect(try settle(follower) == nil && follower.hasCaughtUp)
        #expect(notices.texts.first?.contains("without a generation") == true)
    }

    /// Whoever asks for that one is told what to do.
    @Test func theOneThatIsAskedForIsSaidToBeUnreadable() throws {
        let log = ModelsLog()
        log.append(unreadable(1))
        let follower = try log.follower(only: 1)
        let error = #expect(throws: LogError.self) { _ = try settle(follower) }
        #expect(error?.kind == .state && error?.message.contains("generation 1 ") == true)
    }

    /// The manifest tells whose stream cannot be read, so the two versions rise together; the shelf's, which says of
    /// generations that they are whole, with the last one.
    @Test func theManifestTellsTheStreamsVersion() throws {
        let records = ModelsLog.records(1, mark: 1)
        let manifest = try #require(records[records.count - 2].value)
        let stream = try #require(records[0].value)
        #expect(manifest[0] == stream[0] - 3)
        let log = ModelsLog()
        log.append(records)
        #expect(try log.shelf().encoded()[0] == GenerationRecords.version)
        // A later program's is left alone.
        var later = ModelsLog.records(2, mark: 2)
        later[later.count - 2].value?[0] = GenerationRecords.version + 1
        log.append(later)
        let shelf = try log.shelf()
        #expect(shelf.foreign == [2] && shelf.choice?.number == 1)
    }
}
