import Kafka
import Pipeline
import ServiceKit

/// `freshet topics create`
enum TopicsCommand {
    static let create = Command(
        "create", "Make what is missing of all topics.",
        discussion:
            "Topics that exist are left as they are. The users topic gets as many partitions as the events topic.",
        options: Deployment.options + [
            .option(
                "partitions", "N", "Partitions of the events topic, if it has to be made; 4 by default.",
                type: .int(1...10_000)),
            .option(
                "replication", "N", "Replicas of each topic that is made; the broker's own default without it.",
                type: .int(1...100)),
        ]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let admin = try deployment.reachedAdmin()
        let (wanted, known) = try Topics.wanted(
            deployment, admin, partitions: Int32(arguments.int("partitions") ?? 4))
        if let partitions = known[deployment.inputTopic]?.partitions.count, let asked = arguments.int("partitions"),
            asked != partitions
        {
            LineOutput.standardError.write(
                line:
                    "\(deployment.inputTopic) has \(partitions) partitions already, not \(asked): they are left as they are"
            )
        }
        var missing = wanted.filter { known[$0.name] == nil }
        if let replicas = arguments.int("replication") {
            for index in missing.indices { missing[index].replicationFactor = Int32(replicas) }
        }
        let results = try Topics.create(missing) { (topics) throws(KafkaError) in try admin.createTopics(topics) }
        var failures = 0
        for specification in missing {
            switch results[specification.name] {
            case .done:
                print(
                    "created \(specification.name) (\(HumanFormat.counted(Int(specification.partitions), "partition")))"
                )
            case .unchanged, nil: print("exists  \(specification.name)")
            case .failed(let error):
                failures += 1
                print("FAILED  \(specification.name): \(error)")
            }
        }
        print(
            missing.isEmpty ? "nothing to do: all topics exist" : "\(missing.count - failures) of \(missing.count) made"
        )
        let wrong = try TopicsCheck(deployment: deployment, admin: admin).findings().count { $0.verdict == .wrong }
        if failures == 0, wrong > 0 {
            LineOutput.standardError.write(
                line: "\(wrong) of them are not as they should be: `freshet topics check` says how to mend each")
        }
        return failures == 0 ? 0 : 1
    }

    static let check = Command(
        "check", "Compare partitions, compaction and retention with what is asked for.", options: Deployment.options
    ) { arguments in
        let deployment = try Deployment(arguments)
        return Finding.report(try TopicsCheck(deployment: deployment, admin: deployment.reachedAdmin()).findings())
    }

    static let command = Command("topics", "Make and check the topics.", subcommands: [create, check])
}
