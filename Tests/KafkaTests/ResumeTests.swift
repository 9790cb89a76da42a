import Kafka
import Pipeline
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct ResumeTests {
    private static let partitions: Int32 = 8

    /// A log that has its partitions, paused, and one record in each.
    private static func makeLog() throws -> KafkaEventLog {
        var topics = TopicNames()
        topics.application = uniqueName("resume")
        topics.events = try RealKafka.makeTopic("resume-events", partitions: partitions)
        _ = try Admin(RealKafka.settings()).createTopics([
            TopicSpecification(topics[.users], partitions: partitions)
        ])
        let producer = try Producer(RealKafka.settings())
        for partition in 0..<partitions { try producer.send(topics.events, partition, value: "v") }
        try producer.flush(timeoutMilliseconds: 20_000)
        let log = try KafkaEventLog(
            KafkaEventLog.Settings(
                client: RealKafka.settings(), topics: topics, isTransactional: false, instanceID: nil, memberName: "m",
                isStatic: false))
        let deadline = Deadline(seconds: 20)
        var assigned: [Int32] = []
        while assigned.count < partitions {
            if deadline.isOver { throw Overdue(what: "an assignment") }
            for case .assigned(let partitions) in try log.poll(max: 10, timeoutMilliseconds: 100, record: { _ in }) {
                try log.take(partitions)
                assigned += partitions
            }
        }
        return log
    }

    /// librdkafka's threads that fetch sleep for up to a second where everything is paused, and do not hear of a
    /// resumption: half of eight records would be later than half a second.
    @Test func whatIsResumedFlowsAtOnce() async throws {
        try await onOwnThread {
            let log = try Self.makeLog()
            var waits: [Duration] = []
            for partition in 0..<Self.partitions {
                // Long enough, and of different lengths, for a sleep to have begun at any time.
                let pause = Deadline(seconds: 0.3 + 0.11 * Double(partition))
                while !pause.isOver { _ = try log.poll(max: 10, timeoutMilliseconds: 20) { _ in } }
                let start = ContinuousClock.now
                try log.resume([partition: 0])
                var found: [Int32] = []
                while found.isEmpty {
                    if ContinuousClock.now - start > .seconds(10) { throw Overdue(what: "partition \(partition)") }
                    _ = try log.poll(max: 10, timeoutMilliseconds: 20) { found.append($0.partition) }
                }
                #expect(found == [partition])
                waits.append(ContinuousClock.now - start)
            }
            print("WAITS \(waits)")
            let median = waits.sorted()[waits.count / 2]
            #expect(median < .milliseconds(250), "\(waits)")
            log.close()
        }
    }
}
