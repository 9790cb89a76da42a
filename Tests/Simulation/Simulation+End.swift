import Events
import Models
@testable import Pipeline

extension Simulation {
    /// Drives everything to the end without faults.
    func finish() {
        absent.removeAll()
        if instances.isEmpty { start(nil) }
        source.produce(most: 0)
        var rounds = 0
        var calm = 0
        while calm < 40, broker.violations.isEmpty {
            rounds += 1
            guard rounds < 6_000 else {
                return broker.violations.append("no end after \(rounds) rounds: \(standing)")
            }
            time.advance(random.int(1...10))
            if instances.isEmpty { start(nil) }
            for gone in absent where gone.until <= time.now { start(gone.name) }
            absent.removeAll { $0.until <= time.now }
            for instance in random.shuffled(instances) { step(instance) }
            calm = isDone ? calm + 1 : 0
        }
        for instance in instances { count(instance) }
    }

    private var isDone: Bool {
        guard absent.isEmpty, group.owners.count == world.partitions else { return false }
        let catalogueEnd = broker.partition(.catalogue, 0).end
        guard broker.cataloguePositions[0] ?? 0 == catalogueEnd else { return false }
        let itemsEnd = broker.partition(.itemLog, 0).stableEnd
        var held = 0
        for instance in instances {
            let worker = instance.worker
            guard worker.isReady, !worker.hasUncommitted, !worker.isCommitting, !worker.hasPendingWork,
                worker.items.offset == itemsEnd
            else { return false }
            held += worker.partitions.count
        }
        guard held == world.partitions else { return false }
        return instances.allSatisfy { instance in
            instance.worker.partitions.values.allSatisfy { worker in
                // Past markers too: who scales by the lag must see it end.
                worker.position >= broker.partition(.events, worker.partition).stableEnd
            }
        }
    }

    private var standing: String {
        instances.map { instance in
            let worker = instance.worker
            let places = worker.partitions.values.sorted { $0.partition < $1.partition }.map {
                "\($0.partition)@\($0.position)\($0.isLive ? "" : " restoring")"
            }
            return "\(instance.name) [\(places.joined(separator: ", "))] items \(worker.items.offset) "
                + "committing \(worker.isCommitting) pending \(worker.hasPendingWork) ready \(worker.isReady)"
        }.joined(separator: "; ") + "; owners \(group.owners), item log \(broker.partition(.itemLog, 0).stableEnd)"
    }

    /// Replaces everything by one fresh instance, restored and without any event to fold.
    func restart() throws(LogError) -> SimulatedInstance {
        for instance in instances {
            instance.log.close()
            leadership.silence(of: instance.log)
        }
        instances.removeAll()
        time.advance(world.sessionTimeout + 50)
        start(nil)
        guard let fresh = instances.first else { throw LogError(.fatal, "the fresh instance did not start") }
        var rounds = 0
        while rounds < 2_000 {
            rounds += 1
            time.advance(3)
            try fresh.worker.step(timeoutMilliseconds: 3)
            if fresh.worker.isReady, fresh.worker.partitions.count == world.partitions, !fresh.worker.hasPendingWork,
                !fresh.worker.hasUncommitted, !fresh.worker.isCommitting
            {
                return fresh
            }
        }
        throw LogError(.fatal, "the fresh instance does not become ready")
    }
}
