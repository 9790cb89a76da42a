import ServiceKit

/// What an instance does; by default all of it.
enum InstanceRole: String, CaseIterable {
    /// Learns the events of its partitions and publishes lists.
    case worker
    /// Stands for election as the leader, who trains and publishes what belongs to no partition.
    case trainer
}

extension Deployment {
    /// The roles of this instance.
    func roles() throws -> Set<InstanceRole> {
        let words = configuration.list("instance.roles").filter { !$0.isEmpty }
        let roles = try words.map { word in
            guard let role = InstanceRole(rawValue: word) else {
                throw CommandFailure(
                    "instance.roles: '\(word)' is no role",
                    remedy: "there are " + InstanceRole.allCases.map(\.rawValue).joined(separator: ", "), exitCode: 78)
            }
            return role
        }
        guard !roles.isEmpty else {
            throw CommandFailure("instance.roles names none: this instance would do nothing", exitCode: 78)
        }
        return Set(roles)
    }
}
