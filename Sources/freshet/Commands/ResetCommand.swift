import Foundation
import Kafka
import Pipeline
import ServiceKit

/// `freshet reset`: a deployment's state and offsets go; events and output stay.
enum ResetCommand {
    static let command = Command(
        "reset", "Delete a deployment's state: internal topics are made anew, the groups' offsets go.",
        discussion:
            "Events, lists and dead letters stay; generations go, those that were imported or pinned too. `serve` then begins at the start of the events topic, or "
            + "`freshet replay` rebuilds the state first.",
        options: Deployment.options + [.flag("yes", "Do it; without this it only says what it would do.")]
    ) { arguments in
        let deployment = try Deployment(arguments)
        let admin = try deployment.reachedAdmin()
        let names = deployment.topics
        let groups = deployment.groups
        for group in groups {
            let members = try admin.describeGroup(group).members.count
            guard members == 0 else {
                throw CommandFailure(
                    "the group \(group) has \(HumanFormat.counted(members, "member")) at work",
                    remedy:
                        "stop them first; one that was killed, or has an instance.id, counts for another ten seconds")
            }
        }
        let events = try deployment.requireTopic(deployment.inputTopic, admin)
        let specifications = Topics.specifications(
            names, partitions: Int32(events.partitions.count), input: deployment.inputTopic
        ).filter { deployment.isInternal($0.name) }
        let known = Set(try admin.listTopics().map(\.name))
        let existing = specifications.filter { known.contains($0.name) }
        guard arguments.flag("yes") else {
            for topic in existing { print("would delete and make anew: topic \(topic.name)") }
            for group in groups { print("would delete: offsets of the group \(group)") }
            throw CommandFailure("nothing was done", remedy: "give --yes to do it", exitCode: 64)
        }
        for group in groups { try check(try admin.deleteGroup(group), "offsets of the group \(group)", "deleted") }
        let deleted = try admin.deleteTopics(existing.map(\.name))
        for topic in existing { try check(deleted[topic.name], "topic \(topic.name)", "deleted") }
        try make(specifications, admin)
        return 0
    }

    /// A topic's name may stay taken for a moment after its deletion.
    private static func make(_ specifications: [TopicSpecification], _ admin: Admin) throws {
        var missing = specifications
        for attempt in 0..<20 where !missing.isEmpty {
            if attempt > 0 { Thread.sleep(forTimeInterval: 0.5) }
            let made = try admin.createTopics(missing)
            for topic in missing where made[topic.name] == .done { print("created topic \(topic.name)") }
            missing.removeAll { made[$0.name] == .done }
        }
        guard missing.isEmpty else {
            throw CommandFailure(
                "not made anew: \(missing.map(\.name).joined(separator: ", "))",
                remedy: "`freshet topics create` makes what is missing")
        }
    }

    private static func check(_ result: AdminResult?, _ what: String, _ verb: String) throws {
        switch result {
        case .failed(let error): throw CommandFailure("\(what) cannot be \(verb): \(error)")
        case .done: print("\(verb) \(what)")
        case .unchanged, nil: break
        }
    }
}
