import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet reset`: a deployment's state and offsets go; events and output stay.
enum ResetCommand {
    static let command = Command(
        "reset", "Delete a deployment's state: internal topics are made anew, the groups' offsets go.",
        discussion:
            "Events, lists and dead letters stay, with `ingest.rekey` the copy of the events too, from which the state is made; "
            + "generations go, those that were imported or pinned too. `serve` then begins at the start of the events topic, or "
            + "`freshet replay` rebuilds the state first.",
        options: Deployment.options + [.flag("yes", "Do it; without this it only says what it would do.")]
    ) { arguments in
        let deployment = try Deployment(arguments)
        try deployment.refuseMistakes()
        let admin = try deployment.reachedAdmin()
        for group in deployment.groups {
            let members = try admin.describeGroup(group).members.count
            guard members == 0 else {
                throw CommandFailure(
                    "the group \(group) has \(HumanFormat.counted(members, "member")) at work",
                    remedy:
                        "stop them first; one that was killed, or has an instance.id, counts for another ten seconds",
                    exitCode: 75)
            }
        }
        _ = try deployment.requireTopic(deployment.inputTopic, admin)
        let (wanted, known) = try Topics.wanted(deployment, admin)
        let specifications = wanted.filter { deployment.isInternal($0.name) }.map { topic in
            var topic = topic
            // As many replicas as it has.
            if let partition = known[topic.name]?.partitions.first {
                topic.replicationFactor = Int32(partition.replicaCount)
            }
            return topic
        }
        let existing = specifications.filter { known[$0.name] != nil }
        // Not the one that copies: what it has sent on is there still.
        let groups = deployment.groups.filter { $0 != deployment.topics.rekeyGroup }
        try checkRights(specifications, admin)
        guard arguments.flag("yes") else {
            for topic in existing { print("would delete and make anew: topic \(topic.name)") }
            for group in groups { print("would delete: offsets of the group \(group)") }
            throw CommandFailure("nothing was done", remedy: "give --yes to do it", exitCode: 64)
        }
        // Topics first: without them nothing starts, so that what is refused after them spoils nothing.
        let deleted = try admin.deleteTopics(existing.map(\.name))
        for topic in existing { try check(deleted[topic.name], "topic \(topic.name)") }
        for group in groups { try check(try admin.deleteGroup(group), "offsets of the group \(group)") }
        try make(specifications, admin)
        return 0
    }

    /// What could not be made anew must not be deleted.
    private static func checkRights(_ specifications: [TopicSpecification], _ admin: Admin) throws {
        let results = try Topics.create(specifications) { (topics) throws(KafkaError) in
            try admin.createTopics(topics, onlyValidates: true)
        }
        for (name, result) in results {
            guard case .failed(let error) = result else { continue }
            throw CommandFailure(
                "topic \(name) could not be made anew: \(error); nothing was deleted",
                remedy: "`reset` needs the rights to create and delete the internal topics (README, Security)",
                exitCode: error.exitCode)
        }
    }

    /// A topic's name may stay taken for a moment after its deletion.
    private static func make(_ specifications: [TopicSpecification], _ admin: Admin) throws {
        var missing = specifications
        var causes: [String: KafkaError] = [:]
        for attempt in 0..<20 where !missing.isEmpty {
            if attempt > 0 { Thread.sleep(forTimeInterval: 0.5) }
            let made = try Topics.create(missing) { (topics) throws(KafkaError) in try admin.createTopics(topics) }
            for topic in missing where made[topic.name] == .done { print("created topic \(topic.name)") }
            missing.removeAll { made[$0.name] == .done }
            for case (let name, .failed(let error)) in made { causes[name] = error }
        }
        guard missing.isEmpty else {
            throw CommandFailure(
                "not made anew: "
                    + missing.map { "\($0.name) (\(causes[$0.name].map { "\($0)" } ?? "the name is still taken"))" }
                    .joined(separator: ", "),
                remedy: "`freshet topics create` makes what is missing", exitCode: 75)
        }
    }

    private static func check(_ result: AdminResult?, _ what: String) throws {
        switch result {
        case .failed(let error):
            throw CommandFailure(
                "\(what) cannot be deleted: \(error)",
                remedy: "with the right to do so, run `freshet reset` again: it does what is left",
                exitCode: error.exitCode)
        case .done: print("deleted \(what)")
        case .unchanged, nil: break
        }
    }
}
