import Events
import Linear
import Models
import Testing

@testable import Pipeline

/// A leader and a command at one models topic in memory.
@Suite struct LeaderPublicationTests {
    /// The only member of its group; what it publishes is there at once.
    private final class Log: LeaderLog {
        let log = ModelsLog()
        private var added: [(topic: LogTopic, key: [UInt8]?, value: [UInt8]?)] = []

        func isLeading(timeoutMilliseconds: Int) throws(LogError) -> Bool { true }
        func cataloguePositions() throws(LogError) -> [Int32: Int64] { [:] }
        func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { topic == .catalogue ? [] : [0] }

        func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
            MemoryReader(log.topics, topic, partition, from: offset)
        }

        func add(_ record: borrowing OutputRecord) {
            largest = max(largest, (record.key?.count ?? 0) + (record.value?.count ?? 0))
            added.append((record.topic, record.key.map(Array.init), record.value.map(Array.init)))
        }

        /// What a topic takes, and the largest record that was to be written.
        var bytesMax = Int.max
        var largest = 0
        func bytesMax(_ topic: LogTopic) throws(LogError) -> Int { bytesMax }

        func publish(itemsOffset: Int64, catalogue: [Int32: Int64]) throws(LogError) {
            for record in added { log.topics.append(record.topic, 0, key: record.key, value: record.value) }
            added.removeAll()
        }
    }

    private let log = Log()
    private let leader: Leader
    private let command: ModelsTopic

    init() throws {
        leader = Leader(settings: Leader.Settings(), log: log, clock: { 0 })
        let models = log.log
        command = try ModelsTopic(log) { models.append($0) }
        while !leader.isCaughtUp { _ = try leader.step(timeoutMilliseconds: 0) }
    }

    private func decision(beside serving: Int?, isPromoted: Bool = true) -> GenerationDecision {
        var decision = GenerationDecision(isPromoted: isPromoted, reason: isPromoted ? .notWorse : .worse)
        decision.serving = serving
        return decision
    }

    private func settle() throws {
        for _ in 0..<10 { _ = try leader.step(timeoutMilliseconds: 0) }
    }

    @Test func whatTheLeaderPromotesServes() throws {
        #expect(try leader.publish(ModelsLog.generation(0, mark: 1), decision(beside: nil)))
        #expect(!leader.isSettled)
        try settle()
        #expect(leader.isSettled && leader.latest?.number == 1)
        #expect(try leader.publish(ModelsLog.generation(0, mark: 2), decision(beside: 1, isPromoted: false)))
        try settle()
        #expect(leader.isSettled && leader.latest?.number == 1)
        try command.refresh()
        #expect(command.shelf.whole == [1, 2] && command.shelf.promoted == [1])
    }

    @Test func whatTheLeaderPublishesIsNoLargerThanTheTopicTakes() throws {
        log.bytesMax = 300
        #expect(try leader.publish(ModelsLog.generation(0, mark: 1), decision(beside: nil)))
        try settle()
        #expect(log.largest > 200 && log.largest <= 300)
        #expect(leader.latest?.number == 1)
    }

    @Test func aCandidateComparedWithAnotherGenerationIsGivenUp() throws {
        #expect(try leader.publish(ModelsLog.generation(0, mark: 1), decision(beside: nil)))
        try settle()
        _ = try command.publish(ModelsLog.generation(0, mark: 2), decision(beside: 1))
        try settle()
        #expect(leader.latest?.number == 2)
        #expect(try !leader.publish(ModelsLog.generation(0, mark: 3), decision(beside: 1)))
        #expect(leader.isSettled)
    }

    /// The leader publishes before it has read what a command has just written at the same number.
    @Test func theLeaderNoticesANumberThatWasTakenTwice() throws {
        var notices: [String] = []
        leader.notice = { notices.append($0) }
        _ = try command.publish(ModelsLog.generation(0, mark: 2), decision(beside: nil))
        #expect(try leader.publish(ModelsLog.generation(0, mark: 3), decision(beside: nil)))
        try settle()
        #expect(leader.isSettled && leader.latest?.factors[0, 0] == 3)
        #expect(notices.contains { $0.contains("took the place of one that a command wrote") })
    }

    /// The command writes over what the leader has published and not read back.
    @Test func theLeaderNoticesThatItWasOverwritten() throws {
        var notices: [String] = []
        leader.notice = { notices.append($0) }
        #expect(try leader.publish(ModelsLog.generation(0, mark: 3), decision(beside: nil)))
        log.log.append(ModelsLog.records(1, mark: 2))
        try settle()
        #expect(leader.isSettled && leader.latest?.factors[0, 0] == 2)
        #expect(notices.contains { $0.contains("was overwritten by a command") })
    }
}
