import Kafka
import Testing

@Suite(.enabled(if: RealKafka.isAvailable, Comment(rawValue: RealKafka.skipReason)))
struct AdminTests {
    @Test func topicsLiveAndDie() async throws {
        try await onOwnThread {
            let admin = try Admin(RealKafka.settings())
            #expect(admin.clusterID()?.isEmpty == false)
            #expect(admin.controllerID() != nil)
            let name = uniqueName("topic")
            let specification = TopicSpecification(
                name, partitions: 3, settings: ["cleanup.policy": "compact", "max.message.bytes": "2000000"])
            let invalid = TopicSpecification(uniqueName("bad"), partitions: 1, settings: ["cleanup.policy": "never"])
            #expect(try admin.describeTopic(name) == nil)
            let made = try admin.createTopics([specification, invalid])
            #expect(made[name] == .done)
            guard case .failed(let error)? = made[invalid.name] else {
                Issue.record("a wrong setting was accepted: \(made)")
                return
            }
            #expect(error.message.contains("never"))
            #expect(try admin.createTopics([specification]) == [name: .unchanged])

            let described = try #require(try admin.describeTopic(name))
            #expect(described.partitions.map(\.number) == [0, 1, 2])
            #expect(described.partitions.allSatisfy { $0.leader >= 0 && $0.inSyncReplicaCount == 1 })
            let settings = try #require(try admin.describeSettings(ofTopics: [name])[name])
            #expect(settings["cleanup.policy"]?.value == "compact")
            #expect(settings["cleanup.policy"]?.isOwn == true)
            #expect(settings["max.message.bytes"]?.value == "2000000")
            #expect(settings["min.insync.replicas"]?.isOwn == false)

            try admin.createPartitions(name, total: 5)
            #expect(try admin.describeTopic(name)?.partitions.count == 5)
            #expect(throws: KafkaError.self) { try admin.createPartitions(name, total: 2) }
            #expect(try admin.deleteTopics([name]) == [name: .done])
            #expect(try admin.deleteTopics([name]) == [name: .unchanged])
            #expect(try admin.listTopics().contains { $0.name == name } == false)
        }
    }

    @Test func recordsAreDeletedBeforeAnOffset() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("cut", partitions: 1)
            let producer = try Producer(RealKafka.settings())
            for number in 0..<10 { try producer.send(topic, 0, value: "\(number)", timestamp: 1_000 + Int64(number)) }
            try producer.flush(timeoutMilliseconds: 10_000)
            let admin = try Admin(RealKafka.settings())
            let reader = try PartitionReader(RealKafka.settings())
            let place = TopicPartition(topic, 0)
            #expect(
                try reader.offsets(atMilliseconds: [PartitionOffset(place, 1_004)], timeoutMilliseconds: 10_000)
                    == [PartitionOffset(place, 4)])
            #expect(
                try reader.offsets(atMilliseconds: [PartitionOffset(place, 2_000)], timeoutMilliseconds: 10_000)
                    == [PartitionOffset(place, PartitionOffset.end)])
            #expect(try admin.deleteRecords(before: [PartitionOffset(place, 6)]) == [PartitionOffset(place, 6)])
            let marks = try reader.queryWatermarks(place, timeoutMilliseconds: 5_000)
            #expect(marks.low == 6 && marks.high == 10)
            let records = try reader.readToEnd([PartitionOffset(place, PartitionOffset.beginning)])
            #expect(records.map(\.offset) == [6, 7, 8, 9])
            // An offset that was deleted is an error, not a silent jump.
            let error = #expect(throws: KafkaError.self) { try reader.readToEnd([PartitionOffset(place, 2)]) }
            #expect(error?.code == .autoOffsetReset)
        }
    }

    @Test func groupsAreDescribedAndSet() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("groups", partitions: 2)
            let group = uniqueName("group")
            let settings = try RealKafka.settings().merging(["group.id": group, "client.id": "me"])
            let admin = try Admin(RealKafka.settings())
            #expect(try admin.describeGroup(group).members.isEmpty)

            let offsets = [PartitionOffset(topic, 0, 5), PartitionOffset(topic, 1, 7)]
            try admin.setGroupOffsets(group, offsets)
            #expect(Set(try admin.groupOffsets(group)) == Set(offsets))

            let member = try Member(settings, topics: [topic], start: 0)
            try member.wait("its partitions") { $0.owned.count == 2 }
            let described = try admin.describeGroup(group)
            #expect(described.state == "Stable")
            #expect(described.assignor == "cooperative-sticky")
            #expect(described.members.map(\.clientID) == ["me"])
            #expect(described.members.first?.memberID == member.consumer.memberID)
            #expect(described.members.first?.partitions == offsets.map(\.place))
            #expect(try admin.listGroups().contains(group))
            #expect(throws: KafkaError.self) { try admin.setGroupOffsets(group, offsets) }
            guard case .failed(let error) = try admin.deleteGroup(group) else {
                Issue.record("a group with members was deleted")
                return
            }
            #expect(error.code == .groupNotEmpty)
            member.stop()
            #expect(
                Set(try member.consumer.committed(offsets.map(\.place), timeoutMilliseconds: 5_000)) == Set(offsets))
            #expect(member.close())
            #expect(try admin.deleteGroup(group) == .done)
            #expect(try admin.deleteGroup(group) == .unchanged)
        }
    }

    @Test func keysGoWhereJavaSendsThem() async throws {
        try await onOwnThread {
            let topic = try RealKafka.makeTopic("murmur", partitions: 10)
            let producer = try Producer(RealKafka.settings())
            let keys = ["user-1", "user-2", "a", "1515915625519388267"]
            for (index, key) in keys.enumerated() {
                try producer.send(topic, key: key, value: key, tag: UInt64(index + 1))
            }
            try producer.flush(timeoutMilliseconds: 10_000)
            let partitions = producer.takeDeliveries().sorted { $0.tag < $1.tag }.map { Int($0.partition) }
            #expect(partitions == keys.map { Int(murmur2(Array($0.utf8)) & 0x7fff_ffff) % 10 })
        }
    }
}

/// Kafka's hash of keys, as org.apache.kafka.common.utils.Utils.murmur2 has it.
private func murmur2(_ bytes: [UInt8]) -> UInt32 {
    let factor: UInt32 = 0x5bd1_e995
    var hash: UInt32 = 0x9747_b28c ^ UInt32(bytes.count)
    var index = 0
    while index + 4 <= bytes.count {
        var word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
        word = word &* factor
        word ^= word >> 24
        hash = (hash &* factor) ^ (word &* factor)
        index += 4
    }
    let rest = bytes.count - index
    if rest > 0 {
        for position in 0..<rest { hash ^= UInt32(bytes[index + position]) << UInt32(8 * position) }
        hash = hash &* factor
    }
    hash ^= hash >> 13
    hash = hash &* factor
    return hash ^ (hash >> 15)
}
