import Foundation
import HTTPAPI
import Kafka
import Pipeline
import ServiceKit

/// `freshet doctor`
enum DoctorCommand {
    static let command = Command(
        "doctor", "Look for what is wrong with broker, topics, keys, clocks and limits, and say how to mend it.",
        discussion:
            "Ends with 1 when something is wrong. With --http it only asks a running service whether it is well, as "
            + "a container's health check does.",
        options: Deployment.options + [.option("http", "HOST:PORT", "Ask only whether the service there is well.")]
    ) { arguments in
        if let address = arguments["http"] { return try probe(address) }
        let deployment = try Deployment(arguments)
        var findings = library(deployment)
        findings += deployment.configuration.warnings.map { .note("settings", $0) }
        let began = monotonicMilliseconds()
        do throws(KafkaError) {
            let admin = try Admin(deployment.client, timeoutMilliseconds: 10_000)
            let topics = try admin.listTopics()
            let took = monotonicMilliseconds() - began
            let cluster = admin.clusterID() ?? "?"
            let controller = admin.controllerID().map { ", controller \($0)" } ?? ""
            findings.append(
                .fine(
                    "broker",
                    "\(deployment.bootstrap) answers in \(took) ms; cluster \(cluster), "
                        + "\(HumanFormat.counted(try admin.brokerCount(), "broker"))\(controller), \(topics.count) topics"
                ))
            findings += look(deployment, admin)
        } catch  where error.code == .invalidArgument {
            findings.append(
                .wrong(
                    "kafka settings", error.message,
                    "kafka.* in file, environment and --set are librdkafka's properties, by their names and values"))
        } catch {
            let failure = deployment.unreached(error)
            findings.append(.wrong("broker", failure.message, failure.remedy ?? ""))
        }
        return Finding.report(findings)
    }

    private static func look(_ deployment: Deployment, _ admin: Admin) -> [Finding] {
        var findings: [Finding] = []
        func attempt(_ subject: String, _ body: () throws -> [Finding]) {
            do { findings += try body() } catch {
                findings.append(
                    .wrong(subject, "cannot be looked at: \(error)", remedy(error, deployment.topics.application)))
            }
        }
        attempt("topics") { try TopicsCheck(deployment: deployment, admin: admin).findings() }
        attempt("events") { try events(deployment, admin) }
        attempt("group") { [try group(deployment, admin)] }
        return findings
    }

    /// What mends an error of a question.
    static func remedy(_ error: any Error, _ application: String) -> String {
        switch (error as? KafkaError)?.code {
        case .groupAuthorizationFailed: "give this user Read on groups with the prefix \(application)"
        case .topicAuthorizationFailed: "give this user the rights on topics that README, Security, names"
        default: "the broker's log may say why"
        }
    }

    /// What the client library cannot do.
    private static func library(_ deployment: Deployment) -> [Finding] {
        let version = LibraryVersion.linked
        let mechanism = deployment.client["sasl.mechanism"] ?? deployment.client["sasl.mechanisms"] ?? ""
        let text = "librdkafka \(version)"
        guard version < LibraryVersion(2, 6, 1) else { return [.fine("client library", text)] }
        let remedy = "librdkafka 2.6.1 or later (Debian trixie has 2.8), or SASL PLAIN or mTLS"
        guard mechanism.uppercased().hasPrefix("SCRAM") else {
            return [.note("client library", text + ": Kafka 4 would refuse its SASL/SCRAM (fixed in 2.6.1)")]
        }
        return [
            .wrong(
                "client library", text + " with \(mechanism): Kafka 4 refuses it with \"invalid credentials\"", remedy)
        ]
    }

    private static func events(_ deployment: Deployment, _ admin: Admin) throws -> [Finding] {
        let name = deployment.topics.events
        guard let topic = try admin.describeTopic(name) else { return [] }
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var sample = EventsSample(try deployment.workerSettings(), partitions: topic.partitions.count, now: now)
        try sample.read(deployment, topic: name)
        return sample.findings(topic: name, rekeys: deployment.configuration.bool("ingest.rekey"))
    }

    private static func group(_ deployment: Deployment, _ admin: Admin) throws -> Finding {
        let name = deployment.topics.application
        let group = try admin.describeGroup(name)
        guard !group.members.isEmpty else {
            return .note("group", "nobody is in \(name): the service is not running", "freshet serve")
        }
        let reader = try PartitionReader(deployment.reading)
        var lag: Int64 = 0
        for offset in try admin.groupOffsets(name) where offset.place.topic == deployment.topics.events {
            let marks = try reader.queryWatermarks(offset.place, timeoutMilliseconds: 5_000)
            lag += max(0, marks.high - max(offset.offset, marks.low))
        }
        return .fine(
            "group",
            "\(name) is \(group.state), \(HumanFormat.counted(group.members.count, "member")), \(HumanFormat.counted(Int(lag), "record")) behind"
        )
    }

    /// What a container's health check asks.
    private static func probe(_ text: String) throws -> Int32 {
        let address: ListenAddress
        do throws(HTTPServerError) { address = try ListenAddress(text) } catch {
            throw UsageError("--http: \(error.message)")
        }
        switch HTTPProbe.status(of: "/health", at: address) {
        case 200?:
            print("well")
            return 0
        case let status?:
            print("\(address) answers /health with \(status)")
            return 1
        case nil:
            print("nobody answers at \(address)")
            return 1
        }
    }
}
