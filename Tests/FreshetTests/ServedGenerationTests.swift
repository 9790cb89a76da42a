import Events
import Foundation
import Linear
import Models
import ServiceKit
import Testing

@testable import Pipeline
@testable import freshet

/// A worker whose events, models and lists are in memory: what `freshet models` writes is what its lists are made with.
@Suite struct ServedGenerationTests {
    private let log = MemoryEventLog()
    private let worker: Worker
    private let models: ModelsTopic
    private let clock = Clock()

    /// In ms, moved by hand.
    private final class Clock {
        var now: UInt64 = 0
    }

    init() throws {
        let topics = log.topics
        let clock = clock
        worker = try Worker(settings: WorkerSettings(), log: log, clock: { clock.now })
        models = try ModelsTopic(log) { records in
            for record in records { topics.append(.models, 0, key: Array(record.key.utf8), value: record.value) }
        }
    }

    private func run(rounds: Int = 20) throws {
        for _ in 0..<rounds { try worker.step(timeoutMilliseconds: 0) }
        try worker.settle(timeoutMilliseconds: 1000)
        for _ in 0..<3 { try worker.step(timeoutMilliseconds: 0) }
    }

    private func publish(_ mark: Float, isPromoted: Bool = true, itemCount: Int = 40) throws {
        var decision = GenerationDecision(isPromoted: isPromoted, reason: isPromoted ? .notWorse : .worse)
        decision.serving = models.shelf.choice?.number
        let items = (0..<itemCount).map { "p\($0)" }
        let factors = Matrix(items.indices.map { [Float($0) * mark, 1] })
        let generation = Generation(
            number: 0, manifest: GenerationManifest(), items: items, factors: factors, neighbours: [],
            neighbourWeights: [], neighboursPerItem: 0)
        _ = try models.publish(generation, decision)
    }

    private var served: Int? { worker.serving?.generation.number }

    @Test func theWorkerFollowsPromotionRollBackAndPin() throws {
        log.produceShop(400)
        try run()
        #expect(worker.isReady && served == nil)
        try publish(1)
        try run(rounds: 5)
        #expect(served == 1)
        try publish(-1)
        try publish(3, isPromoted: false)
        try run(rounds: 5)
        #expect(served == 2)
        #expect(try models.rollBack() == 1)
        try run(rounds: 5)
        #expect(served == 1)
        // Lists name the generation that they were made with, and it goes on while others are promoted.
        try publish(4)
        log.produceShop(50, from: 400)
        try run()
        let newest = try #require(log.written.last { $0.topic == .recommendations }?.value)
        #expect(String(decoding: newest, as: UTF8.self).contains("\"generation\":1,"))
        try models.pin(nil)
        try run(rounds: 5)
        #expect(served == 4)
        try models.promote(3)
        try run(rounds: 5)
        #expect(served == 3)
    }

    /// Of the refused ones the last is kept: `promote` and `pin` of an earlier one say that it is gone.
    @Test func aRefusedGenerationIsThereUntilAnotherOneIsRefused() throws {
        try publish(1)
        try publish(2, isPromoted: false)
        try publish(3)
        #expect(models.shelf.whole == [1, 2, 3] && ModelsAccess.absence(2, models.shelf) == nil)
        try publish(4, isPromoted: false)
        try publish(5)
        #expect(models.shelf.whole == [1, 3, 4, 5] && ModelsCommand.state(2, models.shelf) == "refused, gone")
        #expect(ModelsAccess.absence(2, models.shelf)?.message.contains("generation 2 is gone") == true)
        #expect(ModelsAccess.absence(9, models.shelf) == nil)
    }

    /// A large generation takes several rounds, and lists go on with the one before. What is served no longer is given back by
    /// whoever decodes.
    @Test func aGenerationIsTakenUpAPartARound() throws {
        log.produceShop(400)
        try publish(1)
        try run()
        #expect(served == 1)
        weak let before = worker.serving?.generation
        var jobs: [@Sendable () -> Void] = []
        worker.models.perform = { jobs.append($0) }
        try publish(2, itemCount: 10_000)
        while jobs.isEmpty { try worker.step(timeoutMilliseconds: 0) }
        jobs.removeFirst()()
        var generations: [Bool] = []
        while served == 1 {
            log.produceShop(1, from: 400 + generations.count)
            #expect(worker.hasPendingWork || generations.isEmpty)
            try worker.step(timeoutMilliseconds: 0)
            let list = log.written.last { $0.topic == .recommendations }?.value ?? []
            generations.append(String(decoding: list, as: UTF8.self).contains("\"generation\":2,"))
        }
        #expect(generations == [false, false, false, false, true], "2,048 rows a round")
        #expect(before != nil && jobs.count == 1)
        jobs[0]()
        #expect(before == nil)
    }

    /// A new generation's lists keep to a rate beside events, and to none when nothing else is to do.
    @Test func listsOfANewGenerationGiveWayToEvents() throws {
        func ranked() -> Int { Int(worker.counters.lists + worker.counters.unchanged) }
        log.produceShop(600, users: 211)
        try publish(1)
        try run()
        try publish(-1)
        while served == 1 { try worker.step(timeoutMilliseconds: 0) }
        let before = ranked()
        for round in 0..<20 {
            log.produceShop(1, from: 600 + round, users: 211)
            clock.now += 2
            try worker.step(timeoutMilliseconds: 0)
            #expect(ranked() - before <= 3 * (round + 1))
        }
        #expect(ranked() - before > 30 && worker.hasPendingWork)
        let beside = ranked()
        clock.now += 1000
        try worker.step(timeoutMilliseconds: 0)
        try worker.step(timeoutMilliseconds: 0)
        #expect(ranked() - beside == 32)
    }

    /// Lists go at once; rows of features, which nobody waits for, about the commit, and a row and its end in their order.
    @Test func rowsOfFeaturesGoAboutTheCommit() throws {
        func count(_ topic: LogTopic) -> Int { log.written.count { $0.topic == topic } }
        log.produceShop(100)
        try run()
        let (lists, rows) = (count(.recommendations), count(.userFeatures))
        #expect(rows > 0)
        log.produceShop(40, from: 4000, users: 41)
        try worker.step(timeoutMilliseconds: 0)
        #expect(count(.recommendations) > lists && count(.userFeatures) == rows && worker.hasUncommitted)
        log.produce(key: "u1", #"{"event_time":1800000000,"event_type":"user_deleted","user_id":"u1"}"#)
        try worker.step(timeoutMilliseconds: 0)
        #expect(count(.userFeatures) == rows)
        // In the interval's last fifth they go before the commit begins.
        clock.now += 85
        try worker.step(timeoutMilliseconds: 0)
        #expect(count(.userFeatures) > rows && worker.hasUncommitted && !worker.isCommitting)
        try worker.settle(timeoutMilliseconds: 1000)
        let mine = log.written.filter {
            $0.topic == .userFeatures && $0.key.map { String(decoding: $0, as: UTF8.self) } == "u1"
        }
        #expect(count(.userFeatures) >= rows + 40 && mine.count >= 2)
        #expect(mine.last?.value == nil && mine.dropLast().last?.value != nil)
    }

    /// Records that would only wait in the client are kept back, in their order; a commit that has to be takes them along.
    @Test func outputGoesAsThereIsRoom() throws {
        log.produceShop(300)
        try run()
        func lists() -> Int { log.written.count { $0.topic == .recommendations } }
        let before = lists()
        log.room = 0
        log.produceShop(40, from: 300)
        for _ in 0..<5 { try worker.step(timeoutMilliseconds: 0) }
        #expect(lists() == before && worker.hasPendingWork)
        log.room = 3
        try worker.step(timeoutMilliseconds: 0)
        let some = log.written.count
        try worker.step(timeoutMilliseconds: 0)
        #expect(log.written.count == some + 3)
        log.room = 0
        try worker.settle(timeoutMilliseconds: 1000)
        #expect(!worker.hasPendingWork && !worker.hasUncommitted)
        let made = log.written.filter { $0.topic == .recommendations }.count - before
        #expect(made > 10)
    }

    /// The process that publishes dies after each record in turn: what is served is the old one, until the last record.
    @Test func aHalfPublicationIsNeverServed() throws {
        try publish(1)
        log.produceShop(100)
        try run()
        #expect(served == 1)
        var decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        decision.serving = 1
        let next = worker.models.shelf.publication(try models.generation(1), decision, keeping: 3)
        for (index, record) in next.records.enumerated() {
            log.topics.append(.models, 0, key: Array(record.key.utf8), value: record.value)
            try run(rounds: 3)
            let isDecided = next.records[...index].contains { $0.key == "decision/2" }
            #expect(served == (isDecided ? 2 : 1))
            let restarted = try Worker(settings: WorkerSettings(), log: log, clock: { 0 })
            for _ in 0..<20 { _ = try restarted.advanceGeneration() }
            #expect(restarted.serving?.generation.number == served)
        }
    }

    /// A user's row says where it stands in the served factors: wholly, and by what was touched last.
    @Test func rowsCarryVectorsOfTheServedGeneration() throws {
        log.produceShop(200)
        try run()
        let key = Array("u1".utf8)
        func row() throws -> [String: Any] {
            let bytes = try #require(key.withUnsafeBytes { worker.featureRow(ofUser: $0) })
            return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        }
        #expect(try row()["vectors"] == nil)
        try publish(1)
        try run(rounds: 5)
        let vectors = try #require(try row()["vectors"] as? [String: Any])
        #expect(vectors["generation"] as? Int == 1)
        let long = try #require(vectors["long"] as? [Double])
        let short = try #require(vectors["short"] as? [Double])
        #expect(long.count == 2 && short.count == 2 && long != short)
        // Projections of a history on its own items: they look towards them.
        let state = try #require(key.withUnsafeBytes { worker.state(of: $0) }).state
        let newest = try #require(state.entries.last.map { worker.items.table.identifiers.text($0.item) })
        let place = try #require(Double(newest.dropFirst()))
        #expect(long[0] * place + long[1] > 0 && short[0] * place + short[1] > 0)
        // What is published is the same row.
        log.produceShop(200, from: 200)
        try run()
        let published = log.written.last { $0.topic == .userFeatures }?.value
        #expect(String(decoding: published ?? [], as: UTF8.self).contains("\"vectors\":{\"generation\":1,"))
    }

    /// The user's own items are part of the list: one that moves to the cart makes it another one.
    @Test func ownItemsThatChangeMakeAnotherList() throws {
        func event(_ type: String, at second: Int) {
            log.produce(
                key: "ann",
                #"{"event_time":\#(1_700_000_000 + second),"event_type":"\#(type)","product_id":"p1","user_id":"ann"}"#)
        }
        log.produceShop(300)
        event("view", at: 0)
        try run()
        let before = worker.counters.lists
        event("cart", at: 60)
        try run()
        let newest = try #require(log.written.last { $0.topic == .recommendations }?.value)
        #expect(worker.counters.lists > before)
        #expect(String(decoding: newest, as: UTF8.self).contains("\"reason\":\"in-cart\""))
    }

    /// What was folded and not committed is learnt again by another worker: a sum over both must not have it twice.
    @Test func whatIsNotCommittedIsNotCountedAsDone() throws {
        log.produceShop(300)
        while worker.counters.events == 0 { try worker.step(timeoutMilliseconds: 0) }
        #expect(worker.settledCounters.events == 0)
        try worker.settle(timeoutMilliseconds: 1000)
        #expect(worker.settledCounters.events == 300 && worker.counters.events == 300)
    }
}
