import Foundation
import Kafka

extension ChaosFaults {
    private static let waitSeconds = 90.0

    /// An operator moves the group to the topic's beginning, which only works while no member is there. The state has learnt
    /// what follows, so no instance may go on from there; then the operator puts the offsets back.
    func moveOffsets() throws {
        try mend(everything: true)
        say("everybody leaves, and the group is moved to the beginning")
        for instance in instances { instance.leave() }
        let admin = try Admin(KafkaSettings(bootstrapServers: cluster.bootstrap), timeoutMilliseconds: 10_000)
        let committed = try repeatedly("the committed offsets") { try admin.groupOffsets(Self.group) }
        let moved = committed.map { PartitionOffset($0.place, 0) }
        try set(moved, admin)
        for instance in instances { try instance.start() }
        let deadline = Date(timeIntervalSinceNow: Self.waitSeconds)
        while instances.contains(where: \.isRunning) {
            guard Date() < deadline else {
                throw ChaosFailure("an instance goes on although the group's offsets were moved back")
            }
            Thread.sleep(forTimeInterval: 0.2)
            try ChaosInterrupt.check()
        }
        for instance in instances where !instance.log.suffix(2_000).contains("were moved back") {
            throw ChaosFailure("\(instance.name) ended without saying why: \(instance.log.suffix(500))")
        }
        let left = try repeatedly("the committed offsets") { try admin.groupOffsets(Self.group) }
        guard left.sorted(by: { $0.place < $1.place }) == moved.sorted(by: { $0.place < $1.place }) else {
            throw ChaosFailure("something was committed over the offsets that were moved back: \(left)")
        }
        try set(committed, admin)
        counts.offsetResets += 1
        say("all refused to go on; the offsets are put back")
        for instance in instances { try instance.start() }
    }

    /// Static members stay in the group until their sessions end.
    private func set(_ offsets: [PartitionOffset], _ admin: Admin) throws {
        try repeatedly("moving the group's offsets") { try admin.setGroupOffsets(Self.group, offsets) }
    }

    private func repeatedly<Result>(_ what: String, _ action: () throws -> Result) throws -> Result {
        let deadline = Date(timeIntervalSinceNow: Self.waitSeconds)
        while true {
            do { return try action() } catch {
                guard Date() < deadline else { throw ChaosFailure("\(what): \(error)") }
                Thread.sleep(forTimeInterval: 1)
                try ChaosInterrupt.check()
            }
        }
    }
}
