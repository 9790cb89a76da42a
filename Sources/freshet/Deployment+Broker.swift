import Kafka
import Pipeline
import ServiceKit

extension Deployment {
    /// A connection for questions, which has been answered once; one message with what to do where it is not.
    func reachedAdmin(timeoutMilliseconds: Int32 = 10_000) throws -> Admin {
        do throws(KafkaError) {
            let admin = try Admin(client, timeoutMilliseconds: timeoutMilliseconds)
            _ = try admin.listTopics()
            return admin
        } catch  where error.code == .invalidArgument {
            throw Self.refusedProperty(error)
        } catch {
            throw unreached(error)
        }
    }

    /// Why there is nobody to ask.
    func unreached(_ error: KafkaError) -> CommandFailure {
        if error.isAboutLogin {
            let remedy =
                error.code == .authentication
                ? "kafka.sasl.mechanism, kafka.sasl.username and the password have to be what this listener asks for"
                : "kafka.security.protocol has to be the listener's, kafka.ssl.ca.location the authority of its certificate"
            return CommandFailure("cannot log in at \(bootstrap): \(error)", remedy: remedy, exitCode: 69)
        }
        return CommandFailure(
            "no broker answers at \(bootstrap): \(error)",
            remedy: "is Kafka running there? Does `advertised.listeners` name an address that this machine reaches? "
                + "With TLS or SASL: kafka.security.protocol, kafka.sasl.mechanism and the credentials",
            exitCode: 69)
    }

    /// Refuses what librdkafka refuses only when a client is made, such as a certificate that is not there: no broker need
    /// be asked for that.
    func checkClient() throws {
        do throws(KafkaError) { _ = try Admin(client) } catch {
            guard error.code != .invalidArgument else { throw Self.refusedProperty(error) }
        }
    }

    /// What is wrong with `kafka.*` is no broker's fault.
    static func refusedProperty(_ error: KafkaError) -> CommandFailure {
        CommandFailure(
            "kafka settings: \(error.message)",
            remedy: "kafka.* in file, environment and --set are librdkafka's properties, by their names and values",
            exitCode: 78)
    }

    /// The deployment's state as it is committed, of a broker that answers.
    func stateLog() throws -> KafkaStateLog {
        _ = try reachedAdmin()
        return try KafkaStateLog(logSettings(isStatic: false))
    }

    static let topicsRemedy =
        "`freshet topics create`, with the same --bootstrap, --config and --set, makes what is missing"

    /// A topic that has to be there.
    func requireTopic(_ name: String, _ admin: Admin) throws -> TopicDescription {
        if let topic = try admin.describeTopic(name) { return topic }
        throw CommandFailure(
            "there is no topic \(name)",
            remedy: name == inputTopic || LogTopic.allCases.contains { topics[$0] == name }
                ? Self.topicsRemedy
                : "make it, or see topics.* in the configuration for the names that Freshet makes", exitCode: 69)
    }

    /// Refuses a place that a topic does not have, which would read as if it were lost.
    func requirePlace(_ topic: TopicDescription, _ partition: Int32, offset: Int64?) throws {
        guard topic.partitions.contains(where: { $0.number == partition }) else {
            let count = HumanFormat.counted(topic.partitions.count, "partition")
            throw UsageError("\(topic.name) has no partition \(partition): it has \(count), numbered from 0")
        }
        guard let offset else { return }
        let place = TopicPartition(topic.name, partition)
        let marks = try PartitionReader(reading).queryWatermarks(place, timeoutMilliseconds: 10_000)
        guard !(marks.low..<marks.high).contains(offset) else { return }
        throw UsageError(
            "\(place) "
                + (marks.low < marks.high ? "has offsets \(marks.low) to \(marks.high - 1)" : "holds no records"))
    }
}
