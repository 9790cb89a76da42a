import Foundation
import Kafka
import ServiceKit
import Synchronization

/// What goes wrong, one thing after another, some at the same time; everything is mended again.
final class ChaosFaults {
    struct Counts {
        var instanceKills = 0
        var instanceFreezes = 0
        var leaves = 0
        var brokerKills = 0
        var brokerFreezes = 0
        var rebalances = 0
        var offsetResets = 0
    }

    /// The group of the workers.
    static let group = "freshet"

    private final class Flag: Sendable {
        let value = Atomic(false)
    }

    private final class Problems: Sendable {
        let value = Mutex<[String]>([])
    }

    var counts = Counts()
    let cluster: ChaosCluster
    let instances: [ChaosInstance]
    private var random: ChaosRandom
    private let began = Date()
    /// What is to be mended, and when.
    private var repairs: [(at: Date, subject: String, action: () throws -> Void)] = []
    private let isBrokerBroken = Flag()
    private let problems = Problems()
    private var standing = ""
    private var askedAt = Date.distantPast

    init(_ cluster: ChaosCluster, _ instances: [ChaosInstance], seed: UInt64) {
        self.cluster = cluster
        self.instances = instances
        random = ChaosRandom(seed: seed ^ 0xC4A0_5C4A_05C4_A05C)
    }

    func run(until end: Date) throws {
        var next = Date(timeIntervalSinceNow: 5)
        let half = Date(timeIntervalSinceNow: end.timeIntervalSinceNow / 2)
        while Date() < end {
            try ChaosInterrupt.check()
            try mend()
            if Date() >= half, counts.offsetResets == 0, !isBrokerBroken.value.load(ordering: .acquiring) {
                try moveOffsets()
            }
            if Date() >= next {
                try disturb()
                next = Date(timeIntervalSinceNow: random.seconds(1...6))
            }
            watchGroup()
            Thread.sleep(forTimeInterval: 0.1)
        }
        try mend(everything: true)
        while isBrokerBroken.value.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.1) }
        if let problem = problems.value.withLock({ $0.first }) { throw ChaosFailure(problem) }
    }

    func mend(everything: Bool = false) throws {
        let due = repairs.filter { everything || $0.at <= Date() }
        repairs.removeAll { everything || $0.at <= Date() }
        for repair in due { try repair.action() }
        // Whoever watches over the processes starts one again that ended by itself.
        for instance in instances where !instance.isRunning && !isBroken(instance.name) {
            say("\(instance.name) has ended by itself, and is started again")
            try instance.start()
        }
    }

    private func isBroken(_ subject: String) -> Bool { repairs.contains { $0.subject == subject } }

    private func later(_ subject: String, _ seconds: Double, _ action: @escaping () throws -> Void) {
        repairs.append((Date(timeIntervalSinceNow: seconds), subject, action))
    }

    private func disturb() throws {
        switch random.int(0...9) {
        case 0...4: try killInstance()
        case 5...6: freezeInstance()
        case 7: leave()
        default: breakBroker()
        }
    }

    /// An instance that is well; half of them at least stay so.
    private func chooseInstance() -> ChaosInstance? {
        let well = instances.filter { $0.isRunning && !isBroken($0.name) }
        guard well.count * 2 > instances.count else { return nil }
        return well[random.int(0...(well.count - 1))]
    }

    private func killInstance() throws {
        guard let chosen = chooseInstance() else { return }
        let pause = random.seconds(0...4)
        say("\(chosen.name) is killed, back in \(Int(pause)) s")
        counts.instanceKills += 1
        chosen.kill()
        later(chosen.name, pause) { try chosen.start() }
    }

    /// Shorter than a transaction may be open, longer, or longer than the session.
    private func freezeInstance() {
        guard let chosen = chooseInstance() else { return }
        let pause = random.seconds(1...18)
        say("\(chosen.name) freezes for \(Int(pause)) s")
        counts.instanceFreezes += 1
        chosen.freeze()
        later(chosen.name, pause) { chosen.thaw() }
    }

    private func leave() {
        guard let chosen = chooseInstance() else { return }
        let pause = random.seconds(1...12)
        say("\(chosen.name) leaves, back in \(Int(pause)) s")
        counts.leaves += 1
        chosen.leave()
        later(chosen.name, pause) { try chosen.start() }
    }

    /// One broker at a time, on a thread of its own, since a broker's start takes its time: the cluster itself promises
    /// nothing beyond one, and the next must not fall before the last has caught up.
    private func breakBroker() {
        guard !isBrokerBroken.value.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let node = random.int(1...ChaosCluster.brokers)
        let pause = random.seconds(3...15)
        let kills = random.int(0...1) == 0
        say("broker \(node) \(kills ? "is killed" : "freezes") for \(Int(pause)) s")
        if kills { counts.brokerKills += 1 } else { counts.brokerFreezes += 1 }
        Thread.detachNewThread { [cluster, isBrokerBroken, problems] in
            do {
                try cluster.act(kills ? "kill" : "pause", node: node)
                Thread.sleep(forTimeInterval: pause)
                try cluster.act(kills ? "resume" : "unpause", node: node)
                Thread.sleep(forTimeInterval: 8)
            } catch {
                problems.value.withLock { $0.append("\(error)") }
            }
            isBrokerBroken.value.store(false, ordering: .releasing)
        }
    }

    /// Counts the changes of who has which partitions.
    private func watchGroup() {
        guard Date().timeIntervalSince(askedAt) > 1 else { return }
        askedAt = Date()
        guard
            let admin = try? Admin(KafkaSettings(bootstrapServers: cluster.bootstrap), timeoutMilliseconds: 700),
            let group = try? admin.describeGroup(Self.group), group.state == "Stable"
        else { return }
        let now = group.members.map { "\($0.memberID)\($0.partitions)" }.sorted().joined()
        if now != standing { counts.rebalances += 1 }
        standing = now
    }

    func say(_ text: String) {
        LineOutput.standardOutput.write(line: String(format: "%6.1f s  ", Date().timeIntervalSince(began)) + text)
    }
}
