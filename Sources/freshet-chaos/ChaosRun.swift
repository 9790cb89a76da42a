import Foundation
import Kafka
import ServiceKit

/// Load and faults for some minutes, then quiet, then the verdict.
final class ChaosRun {
    static let partitions = 8
    private let seed: UInt64
    private let folder: String
    private let keepsFolder: Bool
    private let cluster: ChaosCluster
    private let instances: [ChaosInstance]
    private let load: ChaosLoad
    private let watcher: ChaosWatcher

    init(seed: UInt64, rate: Int, instances count: Int, keepsFolder: Bool) throws {
        guard FileManager.default.isExecutableFile(atPath: ChaosInstance.program) else {
            throw ChaosFailure(
                "\(ChaosInstance.program) is missing: `swift build -c release --product freshet` makes it")
        }
        self.seed = seed
        self.keepsFolder = keepsFolder
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("freshet-chaos-\(getpid())").path
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let cluster = try ChaosCluster(folder: folder + "/cluster")
        self.cluster = cluster
        // The first one is a member for as long as it lives, the others keep their place when they are restarted.
        instances = (0..<count).map {
            ChaosInstance("i\($0 + 1)", isStatic: $0 > 0, bootstrap: cluster.bootstrap, folder: folder)
        }
        load = ChaosLoad(cluster.bootstrap, rate: rate, seed: seed)
        watcher = try ChaosWatcher(cluster.bootstrap, partitions: Self.partitions)
    }

    /// Whether every promise was kept.
    func run(minutes: Double) throws -> Bool {
        var isKept = false
        defer {
            for instance in instances {
                instance.thaw()
                instance.kill()
            }
            cluster.stop()
            if isKept, !keepsFolder {
                try? FileManager.default.removeItem(atPath: folder)
            } else {
                LineOutput.standardOutput.write(line: "logs of instances and brokers are kept in \(folder)")
            }
        }
        LineOutput.standardOutput.write(
            line: "seed \(seed), \(instances.count) instances, \(ChaosCluster.brokers) brokers; logs in \(folder)")
        try ChaosInterrupt.check()
        let made = try ChaosInstance.run(
            ["topics", "create", "--partitions", "\(Self.partitions)"], bootstrap: cluster.bootstrap)
        guard made.status == 0 else { throw ChaosFailure("the topics cannot be made:\n\(made.output)") }
        for instance in instances { try instance.start() }
        try watcher.start()
        load.start()
        let faults = ChaosFaults(cluster, instances, seed: seed)
        try faults.run(until: Date(timeIntervalSinceNow: minutes * 60))
        LineOutput.standardOutput.write(line: "the faults end; what was sent is waited for")
        let sent = load.stop()
        watcher.endMeasuring()
        let settled = try settle()
        let verdict = ChaosVerdict(
            cluster: cluster, sent: sent, faults: faults.counts, settledSeconds: settled, instances: instances)
        isKept = try verdict.reach(watcher)
        return isKept
    }

    /// Waits until everything is committed; nil when that takes too long.
    private func settle() throws -> Double? {
        let began = Date()
        while Date().timeIntervalSince(began) < 120 {
            Thread.sleep(forTimeInterval: 0.5)
            try ChaosInterrupt.check()
            for instance in instances where !instance.isRunning { try instance.start() }
            if (try? ChaosVerdict.isCommitted(cluster.bootstrap)) == true { return Date().timeIntervalSince(began) }
        }
        return nil
    }
}
