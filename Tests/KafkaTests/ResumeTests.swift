import Kafka
import Pipeline
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct ResumeTests {
    private static let partitions: Int32 = 2

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

    /// librdkafka's threads that fetch sleep where everything is paused, and do not hear of a resumption: without a wake it
    /// takes as long as the sleep goes on.
    @Test func whatIsResumedFlowsAtOnce() async throws {
        try await onOwnThread {
            var waits: [Duration] = []
            for seconds in [0.05, 0.1, 0.15, 0.6, 1.1] {
                let log = try Self.makeLog()
                let pause = Deadline(seconds: seconds)
                while !pause.isOver { _ = try log.poll(max: 10, timeoutMilliseconds: 20) { _ in } }
                let start = ContinuousClock.now
                try log.resume([0: 0, 1: 0])
                var found: Set<Int32> = []
                while found.count < Self.partitions {
                    if ContinuousClock.now - start > .seconds(10) { throw Overdue(what: "records after \(found)") }
                    _ = try log.poll(max: 10, timeoutMilliseconds: 20) { found.insert($0.partition) }
                }
                waits.append(ContinuousClock.now - start)
                log.close()
            }
            let median = waits.sorted()[waits.count / 2]
            #expect(median < .milliseconds(200), "\(waits)")
        }
    }
}
