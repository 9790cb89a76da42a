import Events
import Linear
import Models
import Testing

@testable import Pipeline

@Suite struct ModelsTopicTests {
    /// The topic in memory, as a command reads and writes it.
    private final class Reading: TopicReading {
        let log = ModelsLog()
        /// What the leader does just before each write of the command, and just after it.
        var before: () -> Void = {}
        var after: () -> Void = {}

        func reader(_ topic: LogTopic, partition: Int32, from offset: Int64) throws(LogError) -> any LogReader {
            MemoryReader(log.topics, topic, partition, from: offset)
        }

        func partitions(_ topic: LogTopic) throws(LogError) -> [Int32] { [0] }

        func topic() throws -> ModelsTopic {
            try ModelsTopic(self) { [self] records in
                before()
                log.append(records)
                after()
            }
        }
    }

    private func generation(_ mark: Float) -> Generation { ModelsLog.generation(0, mark: mark) }

    /// A decision that was made beside what is served.
    private func promoted(beside serving: Int?) -> GenerationDecision {
        var decision = GenerationDecision(isPromoted: true, reason: .notWorse)
        decision.serving = serving
        return decision
    }

    private func refused(beside serving: Int?) -> GenerationDecision {
        var decision = GenerationDecision(isPromoted: false, reason: .worse)
        decision.serving = serving
        return decision
    }

    private func served(_ reading: Reading) throws -> Int? {
        try reading.topic().shelf.choice?.number
    }

    @Test func promoteRollBackAndPin() throws {
        let reading = Reading()
        let topic = try reading.topic()
        #expect(try topic.publish(generation(1), promoted(beside: nil))?.number == 1)
        #expect(throws: LogError.self) { try topic.rollBack() }
        #expect(try topic.publish(generation(2), promoted(beside: 1))?.number == 2)
        #expect(try topic.publish(generation(3), refused(beside: 2))?.number == 3)
        #expect(try served(reading) == 2)
        #expect(try topic.serving()?.factors[0, 0] == 2)
        #expect(try topic.rollBack() == 1)
        #expect(try served(reading) == 1)
        // A later promotion does not undo a roll-back.
        #expect(try topic.publish(generation(4), promoted(beside: 1))?.number == 4)
        #expect(try served(reading) == 1)
        try topic.pin(nil)
        #expect(try served(reading) == 4)
        #expect(throws: LogError.self) { try topic.pin(3) }
        try topic.promote(3)
        #expect(try served(reading) == 3)
        #expect(topic.shelf.decisions[3]?.reason == .byHand)
        try topic.pin(2)
        #expect(try served(reading) == 2)
        #expect(throws: LogError.self) { try topic.promote(9) }
        #expect(throws: LogError.self) { try topic.generation(9) }
        #expect(try topic.generation(4).factors[0, 0] == 4)
    }

    /// The leader takes the number between the command's reading and its writing: what is written last is whole, and the
    /// leader, which reads the same records, knows that its own is gone.
    @Test func aNumberThatTheLeaderTakesMeanwhileIsNotTakenUnnoticed() throws {
        let reading = Reading()
        let topic = try reading.topic()
        _ = try topic.publish(generation(1), promoted(beside: nil))
        var leads = true
        reading.before = {
            guard leads else { return }
            leads = false
            reading.log.append(ModelsLog.records(2, mark: 7, isPromoted: false))
        }
        #expect(try topic.publish(generation(5), promoted(beside: 1))?.number == 2)
        #expect(try served(reading) == 2)
        #expect(try topic.generation(2).factors[0, 0] == 5)
        #expect(try reading.topic().shelf.overwritten == [2])
    }

    /// The leader's records come after the command's: the command reads back what is not its own. The leader's is
    /// promoted, so that the command's has to be compared anew.
    @Test func aNumberThatTheLeaderOverwritesIsNoticed() throws {
        let reading = Reading()
        let topic = try reading.topic()
        var leads = true
        reading.after = {
            guard leads else { return }
            leads = false
            reading.log.append(ModelsLog.records(1, mark: 7))
        }
        #expect(try topic.publish(generation(5), promoted(beside: nil)) == nil)
        #expect(try topic.generation(1).factors[0, 0] == 7)
        #expect(topic.shelf.overwritten == [1])
        #expect(try topic.publish(generation(5), promoted(beside: 1))?.number == 2)
        #expect(try served(reading) == 2)
    }

    @Test func aDecisionBesideAnotherGenerationIsNotPublished() throws {
        let reading = Reading()
        let topic = try reading.topic()
        _ = try topic.publish(generation(1), promoted(beside: nil))
        _ = try topic.publish(generation(2), promoted(beside: 1))
        #expect(try topic.publish(generation(3), promoted(beside: 1)) == nil)
        #expect(try served(reading) == 2)
    }

    /// A leader that is always quicker: the command gives up and says so.
    @Test func aCommandThatNeverGetsANumberSaysSo() throws {
        let reading = Reading()
        let topic = try reading.topic()
        var number = 0
        reading.after = {
            number += 1
            reading.log.append(ModelsLog.records(number, mark: 7, isPromoted: false))
        }
        #expect(throws: LogError.self) { try topic.publish(generation(5), promoted(beside: nil)) }
        #expect(try served(reading) == nil)
    }
}
