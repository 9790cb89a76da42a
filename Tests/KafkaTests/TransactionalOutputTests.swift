import Pipeline
import Testing

@testable import Kafka

/// Two producers take turns: nothing waits for a commit, and nothing changes places.
@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct TransactionalOutputTests {
    /// A member of a group with one partition, and the output that it commits with.
    private struct Committer {
        let topic: String
        let member: Member
        let output: TransactionalOutput

        init(settings: [String: String] = [:]) throws {
            topic = try RealKafka.makeTopic("turns", partitions: 1, settings: settings)
            var names = TopicNames()
            names.events = topic
            var client = try RealKafka.settings()
            let id = uniqueName("turns")
            client["linger.ms"] = "0"
            member = try Member(client.merging(["group.id": id]), topics: [topic])
            try member.wait("the partition") { !$0.owned.isEmpty }
            output = try TransactionalOutput(client, id: id, member.consumer, names)
        }

        func append(_ value: String) throws {
            try Array(value.utf8).withUnsafeBytes {
                try output.append(.events, partition: 0, key: nil, value: $0, headers: [])
            }
        }

        func outcome() throws -> CommitOutcome {
            let deadline = Deadline(seconds: 30)
            while !deadline.isOver {
                if let outcome = try output.outcome() { return outcome }
                try output.wait(milliseconds: 100)
            }
            throw Overdue(what: "a commit's outcome")
        }

        func committed() throws -> [String] {
            let reader = try PartitionReader(
                RealKafka.settings().merging(["isolation.level": "read_committed"]))
            return try reader.readToEnd([PartitionOffset(topic, 0, 0)]).compactMap(\.value)
        }
    }

    @Test func outputGoesOnDuringACommit() async throws {
        try await onOwnThread {
            let committer = try Committer()
            defer { committer.member.close() }
            let output = committer.output
            var overlapping = 0
            var expected: [String] = []
            func append(_ value: String) throws {
                try committer.append(value)
                expected.append(value)
            }
            for round in 0..<20 {
                try append("\(round)")
                try output.beginCommit([PartitionOffset(committer.topic, 0, Int64(round))])
                let deadline = Deadline(seconds: 20)
                while !output.isOpen, !deadline.isOver { pause(milliseconds: 1) }
                // Belongs to the next transaction.
                let early = try output.outcome()
                try append("\(round) later")
                if early == nil { overlapping += 1 }
                #expect(try early ?? committer.outcome() == .committed)
            }
            #expect(overlapping > 10)
            let deadline = Deadline(seconds: 20)
            // What the last commit does not cover is not there.
            while try committer.committed().count < expected.count - 1, !deadline.isOver {}
            #expect(try committer.committed() == expected.dropLast())
            output.close()
        }
    }

    /// Whoever starts over asks for the bounds anew; where that is of no use, somebody has to make the topic take it.
    @Test func aRecordThatTheTopicDoesNotTakeIsSaidSo() async throws {
        try await onOwnThread {
            let committer = try Committer(settings: ["max.message.bytes": "1000"])
            defer { committer.member.close() }
            try committer.append(String(repeating: "x", count: 5_000))
            try committer.output.beginCommit([PartitionOffset(committer.topic, 0, 1)])
            let error = #expect(throws: LogError.self) { try committer.outcome() }
            #expect(
                error?.message.contains(committer.topic) == true
                    && error?.message.contains("max.message.bytes") == true, "\(error?.message ?? "")")
            // What the client itself refuses is said as well.
            let large = #expect(throws: LogError.self) {
                try committer.append(String(repeating: "x", count: 2_000_000))
            }
            #expect(large?.message.contains(committer.topic) == true)
            committer.output.close()
        }
    }

    /// A member that has left its group cannot commit; what it sent since then is thrown away with what it sent before.
    @Test func anAbortTakesTheNextTransactionAlong() async throws {
        try await onOwnThread {
            let committer = try Committer()
            let output = committer.output
            try committer.append("first")
            committer.member.close()
            try output.beginCommit([PartitionOffset(committer.topic, 0, 1)])
            let deadline = Deadline(seconds: 20)
            while !output.isOpen, !deadline.isOver { pause(milliseconds: 1) }
            try committer.append("second")
            guard case .aborted = try committer.outcome() else {
                Issue.record("a commit without standing is aborted")
                return
            }
            try output.abort()
            // One that is open would hold back whatever comes after it, for as long as its time-out.
            let other = try Producer(RealKafka.settings())
            try other.send(committer.topic, 0, value: "third")
            try other.flush(timeoutMilliseconds: 10_000)
            let visible = Deadline(seconds: 10)
            while try committer.committed().isEmpty, !visible.isOver { pause(milliseconds: 50) }
            #expect(try committer.committed() == ["third"])
            output.close()
        }
    }
}

/// What needs no commit, and so no real Kafka.
struct TransactionalWaitTests {
    /// A worker whose transaction was aborted waits for its turn, and does not ask for it without a pause.
    @Test func aWaitWithoutACommitWaits() async throws {
        try await onOwnThread {
            let broker = try EmbeddedBroker()
            let client = KafkaSettings(bootstrapServers: broker.bootstrapServers)
            let consumer = try GroupConsumer(client.merging(["group.id": "g"]))
            let output = try TransactionalOutput(client, id: "t", consumer, TopicNames())
            // Reports that have come meanwhile end a wait.
            for _ in 0..<3 { try output.wait(milliseconds: 20) }
            let began = ContinuousClock.now
            for _ in 0..<5 { try output.wait(milliseconds: 20) }
            #expect(began.duration(to: .now) >= .milliseconds(80))
            output.close()
            consumer.close(timeoutMilliseconds: 1_000)
            withExtendedLifetime(broker) {}
        }
    }
}
