import Kafka
import Pipeline
import Testing

@testable import freshet

@Suite struct TopicsCheckTests {
    @Test func longerRetentionAndLargerRecordsSatisfy() {
        #expect(TopicsCheck.satisfies("retention.ms", "-1", "604800000"))
        #expect(!TopicsCheck.satisfies("retention.ms", "1000", "604800000"))
        #expect(TopicsCheck.satisfies("cleanup.policy", "compact,delete", "compact"))
        #expect(!TopicsCheck.satisfies("cleanup.policy", "delete", "compact"))
        #expect(TopicsCheck.satisfies("max.message.bytes", "5000000", "4194304"))
        #expect(TopicsCheck.satisfies("retention.bytes", "-1", "-1"))
        #expect(!TopicsCheck.satisfies("retention.bytes", "1000", "-1"))
    }

    @Test func internalTopicsAreCleanedAsAskedForOnly() {
        for (found, wanted) in [("compact,delete", "compact"), ("compact, delete", "delete"), ("delete", "compact")] {
            #expect(!TopicsCheck.satisfies("cleanup.policy", found, wanted, isInternal: true))
        }
        #expect(TopicsCheck.satisfies("cleanup.policy", "compact", "compact", isInternal: true))
    }

    @Test func aCopyIsKeptAsLongAsItsInput() throws {
        var names = TopicNames()
        names.events = "freshet.events"
        let input = ["retention.ms": "1000", "segment.ms": "5"].mapValues { TopicSetting(value: $0, isOwn: true) }
        let all = Topics.specifications(names, partitions: 3, input: "clicks", inputSettings: input)
        #expect(all.prefix(2).map(\.name) == ["clicks", "freshet.events"])
        #expect(all[0].settings == ["message.timestamp.after.max.ms": "3600000"])
        #expect(all[1].settings == ["retention.ms": "1000"])
    }

    /// Brokers before Kafka 3.6 refuse what they do not know.
    @Test func anOlderBrokerMakesTopicsWithoutTheBoundOnTimes() throws {
        let topics = Array(Topics.specifications(TopicNames(), partitions: 2).prefix(2))
        var asked: [[TopicSpecification]] = []
        let results = try Topics.create(topics) { (topics) throws(KafkaError) in
            asked.append(topics)
            return topics.reduce(into: [:]) { results, topic in
                results[topic.name] =
                    topic.settings[Topics.aheadKey] == nil
                    ? .done : .failed(KafkaError(code: .invalidConfiguration, message: "unknown"))
            }
        }
        #expect(results == ["events": .done, "items": .done])
        #expect(asked.map { $0.map(\.name) } == [["events", "items"], ["events"]])
    }

    /// What is written in pieces goes into smaller ones, and somebody is told.
    @Test func topicsThatTakeLessThanAPieceAreTold() {
        let names = TopicNames()
        func verdicts(_ bytes: Int) -> [Finding] {
            let setting = ["max.message.bytes": TopicSetting(value: "\(bytes)", isOwn: true)]
            return TopicsCheck.pieces(names, [names[.snapshots]: setting, names[.models]: setting])
        }
        #expect(verdicts(1_048_588).isEmpty && TopicsCheck.pieces(names, [:]).isEmpty)
        #expect(verdicts(700_000).map(\.verdict) == [.note])
        #expect(verdicts(700_000).first?.text.hasPrefix("freshet.models takes") == true)
        #expect(verdicts(500_000).count == 2)
    }

    @Test func futuresWithoutABoundAreTold() {
        func verdict(_ settings: [String: String]) -> Finding {
            TopicsCheck.times("events", settings.mapValues { TopicSetting(value: $0, isOwn: false) }, bootstrap: "b")
        }
        let key = "message.timestamp.after.max.ms"
        #expect(verdict([key: "3600000", "message.timestamp.type": "CreateTime"]).verdict == .fine)
        #expect(verdict([key: "9223372036854775807"]).remedy?.hasSuffix("\(key)=3600000") == true)
        #expect(verdict(["message.timestamp.type": "CreateTime"]).remedy?.hasSuffix("=LogAppendTime") == true)
        #expect(verdict(["message.timestamp.type": "LogAppendTime"]).verdict == .fine)
    }

    @Test func rightsThatAreMissingAreNamed() {
        let group = KafkaError(code: .groupAuthorizationFailed, message: "")
        #expect(DoctorCommand.remedy(group, "shop") == "give this user Read on groups with the prefix shop")
        #expect(DoctorCommand.remedy(KafkaError(code: .timedOut, message: ""), "shop").contains("log"))
    }

    @Test func aSingleReplicaOnSeveralBrokersIsTold() {
        func topic(_ replicas: Int) -> TopicDescription {
            let partition = TopicDescription.Partition(
                number: 0, leader: 1, replicaCount: replicas, inSyncReplicaCount: replicas)
            return TopicDescription(name: "freshet.users", partitions: [partition])
        }
        #expect(TopicsCheck.replicas([topic(1)], brokers: 1).isEmpty)
        #expect(TopicsCheck.replicas([topic(3)], brokers: 3).isEmpty)
        #expect(TopicsCheck.replicas([topic(1)], brokers: 3).map(\.verdict) == [.note])
    }
}
