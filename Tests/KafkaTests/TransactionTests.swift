import Kafka
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct TransactionTests {
    private static func makeProducer(_ id: String) throws -> Producer {
        try Producer(
            RealKafka.settings().merging([
                "transactional.id": id, "transaction.timeout.ms": "10000", "linger.ms": "0",
            ]))
    }

    private static func makeReader(_ isolation: String) throws -> PartitionReader {
        try PartitionReader(RealKafka.settings().merging(["isolation.level": isolation]))
    }

    @Test func onlyCommittedRecordsAreRead() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("visibility", partitions: 1)
            let place = TopicPartition(topic, 0)
            let producer = try Self.makeProducer(uniqueName("id"))
            try producer.initTransactions(timeoutMilliseconds: 30_000)
            try producer.beginTransaction()
            try producer.send(topic, 0, value: "kept")
            try producer.commitTransaction(timeoutMilliseconds: 30_000)
            try producer.beginTransaction()
            try producer.send(topic, 0, value: "aborted")
            try producer.flush(timeoutMilliseconds: 30_000)
            try producer.abortTransaction(timeoutMilliseconds: 30_000)
            try producer.beginTransaction()
            try producer.send(topic, 0, value: "open")
            try producer.flush(timeoutMilliseconds: 30_000)

            // Offsets: 0 kept, 1 marker, 2 aborted, 3 marker, 4 open.
            let committed = try Self.makeReader("read_committed")
            let uncommitted = try Self.makeReader("read_uncommitted")
            let start = [PartitionOffset(place, 0)]
            #expect(try committed.readToEnd(start).map(\.value) == ["kept"])
            #expect(try uncommitted.readToEnd(start).map(\.value) == ["kept", "aborted", "open"])
            // The end is known by position, which passes over markers and aborted records.
            #expect(try committed.position([place]) == [PartitionOffset(place, 4)])
            #expect(try committed.queryWatermarks(place, timeoutMilliseconds: 5_000).high == 4)
            #expect(try uncommitted.queryWatermarks(place, timeoutMilliseconds: 5_000).high == 5)

            try producer.commitTransaction(timeoutMilliseconds: 30_000)
            // A commit is answered before its markers are written.
            let deadline = Deadline(seconds: 20)
            while try committed.readToEnd(start).count < 2, !deadline.isOver {}
            #expect(try committed.readToEnd(start).map(\.value) == ["kept", "open"])
            #expect(try committed.position([place]) == [PartitionOffset(place, 6)])
        }
    }

    @Test func theSecondWithOneIdFencesTheFirst() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("fencing", partitions: 1)
            let id = uniqueName("id")
            let first = try Self.makeProducer(id)
            try first.initTransactions(timeoutMilliseconds: 30_000)
            try first.beginTransaction()
            try first.send(topic, 0, value: "orphan")
            try first.flush(timeoutMilliseconds: 30_000)

            let second = try Self.makeProducer(id)
            try second.initTransactions(timeoutMilliseconds: 30_000)
            try second.beginTransaction()
            try second.send(topic, 0, value: "heir")
            try second.commitTransaction(timeoutMilliseconds: 30_000)

            let error = #expect(throws: KafkaError.self) {
                try first.commitTransaction(timeoutMilliseconds: 30_000)
            }
            #expect(error?.isFenced == true, "\(String(describing: error))")
            #expect(error?.isFatal == true)
            #expect(error?.isAbortable == false)
            #expect(first.fatalError?.isFenced == true)
            #expect(throws: KafkaError.self) { try first.send(topic, 0, value: "late") }
            let committed = try Self.makeReader("read_committed")
            let deadline = Deadline(seconds: 20)
            while try committed.readToEnd([PartitionOffset(topic, 0, 0)]).isEmpty, !deadline.isOver {}
            #expect(try committed.readToEnd([PartitionOffset(topic, 0, 0)]).map(\.value) == ["heir"])
        }
    }

    @Test func offsetsCommitWithTheRecords() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("offsets", partitions: 1)
            let place = TopicPartition(topic, 0)
            var settings = try RealKafka.settings()
            settings["group.id"] = uniqueName("group")
            let member = try Member(settings, topics: [topic])
            try member.wait("the partition") { $0.owned == [place] }
            member.stop()
            let consumer = member.consumer
            let producer = try Self.makeProducer(uniqueName("id"))
            try producer.initTransactions(timeoutMilliseconds: 30_000)

            try producer.beginTransaction()
            try producer.send(topic, 0, value: "a")
            try producer.flush(timeoutMilliseconds: 30_000)
            try producer.sendOffsets(
                [PartitionOffset(place, 17)], group: consumer.groupMetadata(), timeoutMilliseconds: 30_000)
            try producer.abortTransaction(timeoutMilliseconds: 30_000)
            #expect(
                try consumer.committed([place], timeoutMilliseconds: 10_000)
                    == [PartitionOffset(place, PartitionOffset.none)])

            try producer.beginTransaction()
            try producer.send(topic, 0, value: "b")
            try producer.flush(timeoutMilliseconds: 30_000)
            try producer.sendOffsets(
                [PartitionOffset(place, 23)], group: consumer.groupMetadata(), timeoutMilliseconds: 30_000)
            try producer.commitTransaction(timeoutMilliseconds: 30_000)
            #expect(try consumer.committed([place], timeoutMilliseconds: 10_000) == [PartitionOffset(place, 23)])

            // A member that left must not commit: its standing is refused, and the transaction can only be aborted.
            let standing = try consumer.groupMetadata()
            #expect(consumer.close(timeoutMilliseconds: 10_000))
            try producer.beginTransaction()
            try producer.send(topic, 0, value: "c")
            try producer.flush(timeoutMilliseconds: 30_000)
            let error = #expect(throws: KafkaError.self) {
                try producer.sendOffsets([PartitionOffset(place, 29)], group: standing, timeoutMilliseconds: 30_000)
            }
            #expect(error?.isAbortable == true, "\(String(describing: error))")
            #expect(error?.isFatal == false)
            try producer.abortTransaction(timeoutMilliseconds: 30_000)
            try producer.beginTransaction()
            try producer.abortTransaction(timeoutMilliseconds: 30_000)
        }
    }

    @Test func callsOutOfPlaceAreRefused() async throws {
        try await onOwnThread {
            let producer = try Self.makeProducer(uniqueName("id"))
            let error = #expect(throws: KafkaError.self) { try producer.beginTransaction() }
            #expect(error?.code == .state)
            #expect(error?.isFatal == false)
        }
    }
}
