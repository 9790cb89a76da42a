import Kafka
import Synchronization
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct RebalanceTests {
    private static func settings(_ prefix: String) throws -> KafkaSettings {
        try RealKafka.settings().merging([
            "group.id": uniqueName(prefix), "heartbeat.interval.ms": "200", "session.timeout.ms": "6000",
        ])
    }

    /// Once a revocation is answered, the partitions that stay flow on through the rest of the rebalance.
    @Test func untouchedPartitionsKeepFlowing() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("flow", partitions: 2)
            let settings = try Self.settings("flow")
            let first = try GroupConsumer(settings)
            try first.subscribe(to: [topic])
            _ = try Self.next(first) { if case .assigned(let all) = $0, all.count == 2 { true } else { false } }
            try first.completeAssignment([PartitionOffset(topic, 0, 0), PartitionOffset(topic, 1, 0)])

            let second = try Member(settings, topics: [topic], start: 3)
            let event = try Self.next(first) { if case .revoked = $0 { true } else { false } }
            guard case .revoked(let revoked) = event else { return }
            #expect(revoked.count == 1)
            let kept = TopicPartition(topic, 1 - revoked[0].partition)

            // Unanswered: both are still ours, but librdkafka holds everything back, so that nothing can come behind
            // what the application finishes now. The group waits too.
            let producer = try Producer(RealKafka.settings())
            for number in 0..<3 {
                try producer.send(topic, kept.partition, value: "\(number)")
                try producer.send(topic, revoked[0].partition, value: "\(number)")
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            #expect(first.poll(max: 100, timeoutMilliseconds: 1_500).messages.isEmpty)
            #expect(second.now.owned.isEmpty)
            #expect(try first.assignment().count == 2)
            try first.commit([PartitionOffset(revoked[0], 3)])
            try first.completeRevocation()

            // Answered: the other one goes on in the midst of the rebalance, in order and without repeats.
            var flowed: [Record] = []
            var number = 3
            while second.now.owned.isEmpty, number < 300 {
                try producer.send(topic, kept.partition, value: "\(number)")
                number += 1
                for event in try Self.collect(first, into: &flowed, milliseconds: 50) {
                    if case .assigned(let more) = event {
                        try first.completeAssignment(more.map { PartitionOffset($0, 0) })
                    }
                }
            }
            try second.wait("the partition given up") { $0.owned == [revoked[0]] }
            try producer.flush(timeoutMilliseconds: 10_000)
            while flowed.count < number { _ = try Self.collect(first, into: &flowed, milliseconds: 200) }
            #expect(flowed.map(\.value) == (0..<number).map { "\($0)" })
            #expect(flowed.allSatisfy { $0.place == kept })
            #expect(second.close())
            #expect(first.close(timeoutMilliseconds: 10_000))
        }
    }

    /// From the request to join until the answer: for as long as the slowest member takes to hear of it. A commit waits that out.
    @Test func aMemberKnowsThatItIsJoining() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("joining", partitions: 2)
            let settings = try Self.settings("joining")
            let first = try GroupConsumer(settings)
            #expect(!first.isJoining)
            try first.subscribe(to: [topic])
            _ = try Self.next(first) { if case .assigned = $0 { true } else { false } }
            try first.completeAssignment([PartitionOffset(topic, 0, 0), PartitionOffset(topic, 1, 0)])
            #expect(!first.isJoining)

            let slow = try Member(settings.merging(["heartbeat.interval.ms": "3000"]), topics: [topic], start: 0)
            let event = try Self.next(first) { if case .revoked = $0 { true } else { false } }
            guard case .revoked(let revoked) = event else { throw Overdue(what: "a revocation") }
            // Not now: the answer to what was asked is here, and what is given up has to be committed.
            #expect(!first.isJoining)
            try first.commit(revoked.map { PartitionOffset($0, 0) })
            try first.completeRevocation()
            _ = try Self.next(first) { if case .assigned = $0 { true } else { false } }
            try first.completeAssignment([])
            let deadline = Deadline(seconds: 10)
            while !first.isJoining, !deadline.isOver { pause(milliseconds: 1) }
            #expect(first.isJoining)
            while first.isJoining, !deadline.isOver { pause(milliseconds: 1) }
            #expect(!first.isJoining)
            try first.commit([PartitionOffset(topic, 1 - revoked[0].partition, 0)])
            #expect(!first.isAssignmentLost)
            try slow.wait("the partition given up") { $0.owned == Set(revoked) }
            #expect(slow.close())
            #expect(first.close(timeoutMilliseconds: 10_000))
        }
    }

    /// A static member that goes away and comes back within its session gets its partitions without any rebalance.
    @Test func aStaticMemberKeepsItsPlace() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("static", partitions: 2)
            let settings = try Self.settings("static")
            let stays = try Member(settings.merging(["group.instance.id": "a"]), topics: [topic], start: 0)
            try stays.wait("everything") { $0.owned.count == 2 }
            let goes = try Member(settings.merging(["group.instance.id": "b"]), topics: [topic], start: 0)
            try goes.wait("a share") { $0.owned.count == 1 }
            try stays.wait("a share") { $0.owned.count == 1 }
            let owned = goes.now.owned
            pause(milliseconds: 500)
            let before = stays.now.events.count
            #expect(goes.close())

            let admin = try Admin(RealKafka.settings())
            let group = try admin.describeGroup(try #require(settings["group.id"]))
            #expect(Set(group.members.map(\.instanceID)) == ["a", "b"])
            #expect(group.state == "Stable")
            #expect(group.members.first { $0.instanceID == "b" }?.partitions == owned.sorted())

            let back = try Member(settings.merging(["group.instance.id": "b"]), topics: [topic], start: 0)
            try back.wait("its partition") { $0.owned == owned }
            #expect(stays.now.events.count == before, "\(stays.now.events)")

            // Another one with the same name fences it.
            let impostor = try Member(settings.merging(["group.instance.id": "b"]), topics: [topic], start: 0)
            try impostor.wait("the partition") { $0.owned == owned }
            try back.wait("being fenced") { seen in
                seen.events.contains { if case .failed(let error) = $0 { error.isFenced } else { false } }
            }
            #expect(back.consumer.fatalError?.isFenced == true)
            Parallel.run(3) { [stays, back, impostor][$0].close() }
        }
    }

    /// A member that stops polling loses its partitions, and is told so.
    @Test func losingIsToldApartFromGivingUp() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("lost", partitions: 1)
            let settings = try Self.settings("lost").merging(["max.poll.interval.ms": "6000"])
            let consumer = try GroupConsumer(settings)
            try consumer.subscribe(to: [topic])
            _ = try Self.next(consumer) { if case .assigned = $0 { true } else { false } }
            try consumer.completeAssignment([PartitionOffset(topic, 0, 0)])
            pause(milliseconds: 7_500)
            var isAssignmentLost = false
            let event = try Self.next(consumer) {
                if case .lost = $0 { true } else { false }
            }
            isAssignmentLost = consumer.isAssignmentLost
            #expect(event == .lost([TopicPartition(topic, 0)]))
            #expect(isAssignmentLost)
            #expect(throws: KafkaError.self, "it has no standing to commit with") { try consumer.groupMetadata() }
            try consumer.completeRevocation()
            _ = try Self.next(consumer) { if case .assigned = $0 { true } else { false } }
            #expect(consumer.close(timeoutMilliseconds: 10_000))
        }
    }

    private static func next(
        _ consumer: GroupConsumer, _ isWanted: (ConsumerEvent) -> Bool
    ) throws -> ConsumerEvent {
        let deadline = Deadline(seconds: 20)
        var seen: [ConsumerEvent] = []
        while !deadline.isOver {
            let events = consumer.poll(max: 100, timeoutMilliseconds: 200).events
            seen += events
            for event in events where isWanted(event) { return event }
        }
        throw Overdue(what: "an event; came: \(seen)")
    }

    private static func records(_ consumer: GroupConsumer, _ count: Int) throws -> [Record] {
        var records: [Record] = []
        let deadline = Deadline(seconds: 10)
        while records.count < count, !deadline.isOver { _ = try collect(consumer, into: &records, milliseconds: 100) }
        return records
    }

    private static func collect(
        _ consumer: GroupConsumer, into records: inout [Record], milliseconds: Int32
    ) throws -> [ConsumerEvent] {
        let polled = consumer.poll(max: 100, timeoutMilliseconds: milliseconds)
        records += polled.records
        return polled.events
    }
}
