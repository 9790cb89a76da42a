import Foundation
import Kafka
import ServiceKit

/// Counts and compares, once everything is quiet again.
struct ChaosVerdict {
    let cluster: ChaosCluster
    let sent: ChaosLoad.Counts
    let faults: ChaosFaults.Counts
    let settledSeconds: Double?
    let instances: [ChaosInstance]

    private static let sample = 12

    private struct Row {
        var what: String
        var found: String
        /// Nil where nothing is promised.
        var isKept: Bool?
    }

    static func isCommitted(_ bootstrap: String) throws -> Bool {
        let consumer = try GroupConsumer(["bootstrap.servers": bootstrap, "group.id": "freshet"])
        let reader = try PartitionReader(["bootstrap.servers": bootstrap])
        let places = (0..<Int32(ChaosRun.partitions)).map { TopicPartition("events", $0) }
        let offsets = try consumer.committed(places, timeoutMilliseconds: 10_000)
        return try offsets.allSatisfy {
            try reader.queryWatermarks($0.place, timeoutMilliseconds: 5_000).high == $0.offset
        }
    }

    /// Prints the table; true when every promise was kept.
    func reach(_ watcher: ChaosWatcher) throws -> Bool {
        var rows = counted()
        // Lists from the memory of instances that lived through it, not from one that was restored for this.
        Thread.sleep(forTimeInterval: 3)
        let seen = watcher.stop()
        rows += listRows(seen)
        rows.append(try explained(seen))
        rows += try stateRows()
        var table = TextTable([.init("what", widthMax: 60), .init("found", widthMax: 60), .init("")])
        for row in rows { table.append([row.what, row.found, row.isKept.map { $0 ? "kept" : "BROKEN" } ?? ""]) }
        LineOutput.standardOutput.write(line: table.render())
        let isKept = rows.allSatisfy { $0.isKept != false }
        LineOutput.standardOutput.write(line: isKept ? "every promise was kept" : "A PROMISE WAS BROKEN")
        return isKept
    }

    private func counted() -> [Row] {
        let ended = instances.reduce(0) { $0 + $1.log.components(separatedBy: "starting over").count - 1 }
        return [
            Row(
                what: "instances killed, frozen, left and joined",
                found: "\(faults.instanceKills), \(faults.instanceFreezes), \(faults.leaves)"),
            Row(what: "brokers killed, frozen", found: "\(faults.brokerKills), \(faults.brokerFreezes)"),
            Row(what: "rebalances", found: "\(faults.rebalances)"),
            Row(
                what: "the group's offsets moved back: nobody goes on from there", found: "\(faults.offsetResets)",
                isKept: faults.offsetResets > 0),
            Row(what: "times an instance started over from what is committed", found: "\(ended)"),
            Row(what: "events sent, acknowledged", found: "\(sent.sent), \(sent.acknowledged)"),
            Row(
                what: "everything committed after the faults",
                found: settledSeconds.map { String(format: "in %.1f s", $0) } ?? "not in 120 s",
                isKept: settledSeconds != nil),
        ]
    }

    private func listRows(_ seen: ChaosWatcher.Seen) -> [Row] {
        [
            Row(what: "lists that a read_committed consumer saw", found: "\(seen.lists)"),
            Row(
                what: "lists twice, lists that go back",
                found: "\(seen.duplicates), \(seen.backwards) \(seen.examples)",
                isKept: seen.duplicates + seen.backwards == 0),
            Row(what: "longest time without any list", found: String(format: "%.1f s", seen.longestOutage)),
            Row(what: "slowest recovery of one partition", found: String(format: "%.1f s", seen.slowestPartition)),
        ]
    }

    /// The newest lists of some users, computed again from the log.
    private func explained(_ seen: ChaosWatcher.Seen) throws -> Row {
        LineOutput.standardOutput.write(line: "lists are computed again")
        let users = seen.newest.keys.sorted()
        let step = max(1, users.count / Self.sample)
        var wrong: [String] = []
        var (count, gone) = (0, 0)
        /// The exit code of `explain` for a list whose generation or snapshot is no longer kept.
        let goneCode: Int32 = 66
        for user in stride(from: 0, to: users.count, by: step).map({ users[$0] }) {
            let again = try ChaosInstance.run(["explain", user, "--json"], bootstrap: cluster.bootstrap)
            count += 1
            if again.status == goneCode { gone += 1 } else if again.status != 0 { wrong.append(user) }
        }
        return Row(
            what: "newest lists computed again, equal to the bit",
            found:
                "\(count - gone - wrong.count) of \(count), no longer kept \(gone), different or failed \(wrong.prefix(3))",
            isKept: wrong.isEmpty && count > gone)
    }

    /// The state in memory, restored, and rebuilt from the events alone; the items from a snapshot and from the log.
    private func stateRows() throws -> [Row] {
        LineOutput.standardOutput.write(line: "the state is restored and replayed")
        for instance in instances { instance.leave() }
        // Static members stay in the group until their sessions end; only then has the next one everything.
        Thread.sleep(forTimeInterval: 12)
        let served = try object(["serve", "--stop-at-end"])
        let restored = try object(["state", "hash", "--json"])
        let other = ["FRESHET_APPLICATION_ID": "chaos-replay"]
        _ = try ChaosInstance.run(["topics", "create"], bootstrap: cluster.bootstrap, settings: other)
        let replayed = try object(["replay", "--json"], other)
        let users = ["in memory": served, "restored": restored, "replayed": replayed].mapValues {
            $0["users"] as? String ?? "?"
        }
        let log = try ChaosItemLog(cluster.bootstrap)
        let events = try ChaosEvents(cluster.bootstrap)
        let items = [served, restored].map { $0["items"] as? String ?? "?" } + [log.hash]
        let counted = ["events", "duplicates", "rejected"].reduce(0) { $0 + (replayed[$1] as? Int ?? 0) }
        return [
            Row(
                what: "users in memory, restored, replayed elsewhere", found: "\(Set(users.values).sorted())",
                isKept: Set(users.values).count == 1),
            Row(
                what: "events in the topic, none of those acknowledged missing", found: "\(events.count)",
                isKept: events.count >= sent.acknowledged && events.count <= sent.sent),
            Row(what: "events that a replay counts", found: "\(counted)", isKept: counted == events.count),
            Row(
                what: "items in memory, restored, from the whole item log", found: "\(Set(items).sorted())",
                isKept: Set(items).count == 1),
            Row(
                what: "events that the items learnt, of those that teach",
                found: "\(log.learnt) of \(events.count - events.deletions)",
                isKept: log.learnt == events.count - events.deletions),
            Row(what: "breaks in the item log", found: "\(log.breaks)", isKept: log.breaks == 0),
        ]
    }

    private func object(_ arguments: [String], _ settings: [String: String] = [:]) throws -> [String: Any] {
        let ended = try ChaosInstance.run(arguments, bootstrap: cluster.bootstrap, settings: settings)
        let line = ended.output.split(separator: "\n").last.map(String.init) ?? ""
        guard let found = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] else {
            throw ChaosFailure(
                "freshet \(arguments.joined(separator: " ")) ended with \(ended.status): \(ended.output)")
        }
        return found
    }
}
