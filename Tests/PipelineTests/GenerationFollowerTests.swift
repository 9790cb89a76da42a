import Events
import Linear
import Models
import Testing

@testable import Pipeline

@Suite struct GenerationFollowerTests {
    private func mark(_ generation: Generation?) -> Float? { generation.map { $0.factors[0, 0] } }

    /// Reads until nothing more comes; the generation handed over last.
    private func settle(_ follower: GenerationFollower) throws -> Generation? {
        var last: Generation?
        for _ in 0..<50 { last = try follower.advance() ?? last }
        return last
    }

    @Test func followsPromotionsRollBackAndPins() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2))
        let follower = try log.follower()
        #expect(mark(try settle(follower)) == 2)
        #expect(follower.hasCaughtUp)
        log.append(ModelsLog.records(3, mark: 3, isPromoted: false))
        #expect(try settle(follower) == nil)
        // Back: what is to be served is read again from where it begins.
        log.append([GenerationRecords.serving(1)])
        #expect(mark(try settle(follower)) == 1)
        log.append(ModelsLog.records(4, mark: 4))
        #expect(try settle(follower) == nil)
        log.append([GenerationRecords.serving(nil)])
        #expect(mark(try settle(follower)) == 4)
    }

    @Test func startsWithThePinnedOne() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2) + [GenerationRecords.serving(1)])
        let follower = try log.follower()
        #expect(mark(try settle(follower)) == 1)
        #expect(follower.hasCaughtUp)
    }

    @Test func isReadyWithoutAnyGeneration() throws {
        let log = ModelsLog()
        let follower = try log.follower()
        #expect(try settle(follower) == nil)
        #expect(follower.hasCaughtUp)
        // A crash between chunks and manifest.
        log.append(Array(ModelsLog.records(1, mark: 1).prefix(2)))
        #expect(try settle(follower) == nil)
        let other = try log.follower()
        #expect(try settle(other) == nil)
        #expect(other.hasCaughtUp)
    }

    @Test func findsAnyWholeGenerationByNumber() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + ModelsLog.records(2, mark: 2, isPromoted: false))
        #expect(mark(try settle(log.follower(only: 2))) == 2)
        #expect(mark(try settle(log.follower(only: 1))) == 1)
        #expect(try settle(log.follower(only: 3)) == nil)
    }

    /// Decodings that wait until somebody performs them.
    private final class Postponed {
        var jobs: [@Sendable () -> Void] = []

        init(_ follower: GenerationFollower) { follower.perform = { [unowned self] in jobs.append($0) } }
    }

    @Test func whatIsDecodedElsewhereIsTakenWhenItIsDone() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1))
        let follower = try log.follower()
        let postponed = Postponed(follower)
        #expect(try settle(follower) == nil)
        #expect(follower.isBusy && !follower.hasCaughtUp, "a start waits for what it is to serve")
        try #require(postponed.jobs.count == 1)
        postponed.jobs[0]()
        #expect(mark(try follower.advance()) == 1)
        #expect(!follower.isBusy && follower.hasCaughtUp)
        #expect(try settle(follower) == nil)
        #expect(postponed.jobs.count == 1, "nothing is decoded twice")
    }

    @Test func whatIsReplacedMeanwhileIsNotServed() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1))
        let follower = try log.follower()
        let postponed = Postponed(follower)
        #expect(try settle(follower) == nil)
        log.append(ModelsLog.records(2, mark: 2))
        #expect(try settle(follower) == nil)
        try #require(postponed.jobs.count == 2)
        postponed.jobs[0]()
        #expect(try settle(follower) == nil, "the first is no longer wanted")
        postponed.jobs[1]()
        #expect(mark(try settle(follower)) == 2)
        #expect(postponed.jobs.count == 2)
        // A third one is pinned away while it is decoded: what is served stays.
        log.append(ModelsLog.records(3, mark: 3))
        #expect(try settle(follower) == nil)
        try #require(postponed.jobs.count == 3)
        log.append([GenerationRecords.serving(2)])
        #expect(try settle(follower) == nil)
        #expect(!follower.isBusy)
        postponed.jobs[2]()
        #expect(try settle(follower) == nil)
        // And it is read and decoded again when the pin ends.
        log.append([GenerationRecords.serving(nil)])
        #expect(try settle(follower) == nil)
        try #require(postponed.jobs.count == 4)
        postponed.jobs[3]()
        #expect(mark(try settle(follower)) == 3)
    }

    /// What was decided not to be served, or not now, lies in the topic: its bytes need not be kept in memory too.
    @Test func whatIsNotServedIsNotKept() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1))
        let follower = try log.follower()
        #expect(mark(try settle(follower)) == 1 && follower.heldBytes == 0)
        let refused = ModelsLog.records(2, mark: 2, isPromoted: false)
        log.append(refused.dropLast())
        #expect(try settle(follower) == nil && follower.heldBytes > 0, "nothing was decided yet")
        log.append([refused[refused.count - 1]])
        #expect(try settle(follower) == nil && follower.heldBytes == 0)
        log.append([GenerationRecords.serving(1)] + ModelsLog.records(3, mark: 3))
        #expect(try settle(follower) == nil && follower.heldBytes == 0)
        // It is read again when it is to be served.
        log.append([GenerationRecords.serving(nil)])
        #expect(mark(try settle(follower)) == 3)
        // A decision about what had the number before says nothing about what comes in there now.
        let again = ModelsLog.records(3, mark: 4)
        log.append(again.dropLast())
        #expect(mark(try settle(follower)) == 1)
        log.append([again[again.count - 1]])
        #expect(mark(try settle(follower)) == 4)
    }

    /// Whatever was written, and by whomever, a start that takes up the last shelf knows what one that reads everything
    /// knows.
    @Test func aStartFromTheLastShelfKnowsTheSame() throws {
        var random = Seeded(41)
        var shelvesTaken = 0
        for _ in 0..<40 {
            let log = ModelsLog()
            for step in 0..<Int.random(in: 1...40, using: &random) {
                let shelf = try log.shelf()
                let decision = GenerationDecision(
                    isPromoted: Int.random(in: 0...3, using: &random) > 0, reason: .notWorse)
                let next = shelf.publication(ModelsLog.generation(0, mark: Float(step)), decision, keeping: 2).records
                switch Int.random(in: 0...7, using: &random) {
                case 0...2:
                    log.append(next)
                    if Bool.random(using: &random) { log.append([try log.shelf().record]) }
                case 3: log.append(Array(next.prefix(Int.random(in: 1...next.count, using: &random))))
                case 4: log.append([GenerationRecords.serving(shelf.promoted.randomElement(using: &random))])
                case 5: log.append([GenerationRecords.serving(nil)])
                case 6: log.append([("\(shelf.nextNumber)/0", [1]), ("\(shelf.nextNumber)/manifest", [1, 1])])
                default:
                    // Another writer at the same moment.
                    let other = shelf.publication(ModelsLog.generation(0, mark: -1), decision, keeping: 2).records
                    let half = next.count / 2
                    log.append(Array(next[..<half]) + other + Array(next[half...]))
                }
                let whole = try log.shelf()
                var offsets: [Int64] = []
                let follower = try GenerationFollower { [topics = log.topics] offset in
                    offsets.append(offset)
                    return MemoryReader(topics, .models, 0, from: offset)
                }
                let served = try settle(follower)
                #expect(follower.hasCaughtUp)
                #expect(follower.shelf.choice == whole.choice && served?.number == whole.choice?.number)
                #expect(follower.shelf.promoted == whole.promoted && follower.shelf.whole == whole.whole)
                #expect(follower.shelf.foreign == whole.foreign && follower.shelf.silence == whole.silence)
                #expect(follower.shelf.nextNumber == whole.nextNumber && follower.shelf.pinned == whole.pinned)
                if offsets.count > 1, offsets[1] > 0 { shelvesTaken += 1 }
            }
        }
        #expect(shelvesTaken > 200)
    }

    @Test func aShelfOfAnotherVersionIsReadOver() throws {
        let log = ModelsLog()
        log.append(ModelsLog.records(1, mark: 1) + [("shelf", [99, 1, 2, 3])])
        #expect(mark(try settle(log.follower())) == 1)
        let shelf = try log.shelf()
        let bytes = shelf.encoded()
        #expect(try bytes.withUnsafeBytes { try GenerationShelf(encoded: $0) }.encoded() == bytes)
        for end in 0..<bytes.count {
            #expect(throws: (any Error).self) { try bytes[..<end].withUnsafeBytes { try GenerationShelf(encoded: $0) } }
        }
    }
}
