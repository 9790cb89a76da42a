import Events
import FeatureStore
import Models
@testable import Pipeline

/// One run of a deployment under faults, driven by one seed.
///
/// Instances are stepped in any order, each step in virtual time; they crash, freeze, come back, join and leave. Then the
/// faults stop, everything is driven to the end, and the checks compare what is left with an uninterrupted run.
final class Simulation {
    let seed: UInt64
    let world: World
    let random: SimulationRandom
    let time = VirtualTime()
    let broker: SimulatedBroker
    let group: SimulatedGroup
    let source: EventSource
    let leadership: Leadership
    let retention: Retention
    let planted: PlantedFault?
    var rates: FaultRates
    var instances: [SimulatedInstance] = []
    var absent: [(name: String, until: UInt64)] = []
    private var started = 0
    private var stallDepth = 0
    var generations: GenerationSource
    var trace: ((String) -> Void)?
    var counts = Counts()

    struct Counts: Equatable {
        var steps = 0
        var crashes = 0
        var freezes = 0
        var stalls = 0
        var rebalances = 0
        var commits = 0
        var aborts = 0
        var lists = 0
        var events = 0
        var snapshots = 0
        /// Events and item log records that were deleted for their age.
        var deleted = 0
    }

    init(seed: UInt64, planted: PlantedFault? = nil, change: (inout World) -> Void = { _ in }) {
        self.seed = seed
        self.planted = planted
        random = SimulationRandom(seed: seed)
        var world = World(random)
        change(&world)
        self.world = world
        rates = world.rates
        broker = SimulatedBroker(random: random.fork(), time: time, transactionTimeout: world.transactionTimeout)
        group = SimulatedGroup(
            random: random.fork(), time: time, partitions: (0..<world.partitions).map(Int32.init),
            sessionTimeout: world.sessionTimeout)
        retention = Retention(broker, partitions: world.partitions)
        leadership = Leadership(time: time, sessionTimeout: world.sessionTimeout)
        source = EventSource(world, broker: broker, random: random.fork())
        generations = GenerationSource(world, broker: broker, random: random.fork())
    }

    /// Runs to the end; the rules that were broken, in words.
    func run() -> [String] {
        trace?("\(world.summary)")
        for _ in 0..<world.instancesMax { start(nil) }
        while (source.left > 0 || random.chance(0.97)) && broker.violations.isEmpty {
            round()
            if counts.steps > 5_000 { break }
        }
        rates = .none
        for instance in instances {
            instance.log.rates = .none
            if instance.log.isFrozen { instance.log.thaw() }
        }
        finish()
        counts.rebalances = group.rebalances
        let manifests = broker.partition(.snapshots, 0).committed.filter { record in
            record.value != nil && record.key?.suffix(8).elementsEqual("manifest".utf8) == true
        }
        counts.snapshots = manifests.count
        counts.deleted = Int(broker.partition(.itemLog, 0).low)
        for partition in 0..<world.partitions { counts.deleted += Int(broker.partition(.events, Int32(partition)).low) }
        guard broker.violations.isEmpty else { return broker.violations }
        var checks = Checks(self)
        return checks.run()
    }

    private func round() {
        if random.chance(world.produceChance) { source.produce(most: 3) }
        generations.produce()
        time.advance(random.int(0...3))
        if random.chance(world.compactChance) {
            for partition in 0..<world.partitions { broker.partition(.users, Int32(partition)).compact() }
        }
        if random.chance(world.retentionChance) { retention.schedule() }
        disturb()
        for gone in absent where gone.until <= time.now { start(gone.name) }
        absent.removeAll { $0.until <= time.now }
        if instances.isEmpty, absent.isEmpty { start(nil) }
        if let instance = instances.isEmpty ? nil : random.pick(instances), !instance.log.isFrozen { step(instance) }
    }

    private func disturb() {
        if instances.count + absent.count < world.instancesMax, random.chance(world.joinChance + 0.01) { start(nil) }
        guard let chosen = instances.isEmpty ? nil : random.pick(instances), !chosen.isInStep else { return }
        if chosen.log.isGivenUp, !chosen.log.isReplaced, world.hasStaticMembers, random.chance(0.02) {
            // Whoever watches over the processes takes it for dead: now two have the same id.
            trace?("\(chosen.name) is replaced")
            return start(chosen.name)
        }
        if random.chance(world.killChance) {
            stop(chosen, "is killed", kills: true)
        } else if random.chance(world.freezeChance), !chosen.log.isFrozen {
            trace?("\(chosen.name) freezes")
            counts.freezes += 1
            chosen.log.freeze()
            leadership.silence(of: chosen.log)
            time.after(random.int(1...1500)) { chosen.log.thaw() }
        } else if random.chance(world.leaveChance), !chosen.log.isFrozen, instances.count > 1 {
            leave(chosen)
        }
    }

    private func leave(_ instance: SimulatedInstance) {
        trace?("\(instance.name) leaves")
        instance.isInStep = true
        do throws(LogError) { try instance.worker.finish(flushesAll: random.chance(0.5)) } catch {
            check(error, instance)
        }
        instance.isInStep = false
        remove(instance)
        instance.log.close()
        leadership.silence(of: instance.log)
    }

    // MARK: - Instances

    func start(_ name: String?) {
        started += 1
        let name = name ?? "i\(started)"
        let log = SimulatedLog(
            broker: broker, group: group, name: name, instance: world.hasStaticMembers ? name : nil,
            isTransactional: world.isTransactional, messageTimeout: world.messageTimeout, rates: rates,
            planted: planted)
        log.onStall = { [unowned self] log, length in stall(log, length) }
        do throws(LogError) {
            let instance = try SimulatedInstance(name: name, log: log, world: world, leadership: leadership)
            instances.append(instance)
            trace?("\(name) starts")
            prepare(instance)
        } catch {
            counts.crashes += 1
            log.kill()
            absent.append((name, time.now + UInt64(random.int(1...300))))
        }
    }

    /// Notices for a trace, and the fault that works through the worker's hooks.
    private func prepare(_ instance: SimulatedInstance) {
        let name = instance.name
        instance.worker.notice = { [unowned self] text in trace?("\(name): \(text)") }
        guard planted == .generationSwappedInBatch else { return }
        let random = self.random
        instance.worker.rowBegins = { [unowned worker = instance.worker, generations] in
            guard random.chance(0.3), !generations.published.isEmpty else { return }
            let other = random.pick(generations.published)
            worker.serving = ServingGeneration(other, identifiers: worker.items.table.identifiers)
        }
    }

    @discardableResult
    func step(_ instance: SimulatedInstance) -> Bool {
        guard !instance.isInStep else { return true }
        counts.steps += 1
        instance.isInStep = true
        defer { instance.isInStep = false }
        do throws(LogError) {
            let round = try instance.worker.step(timeoutMilliseconds: 3)
            if let trace {
                for change in round.changes { trace("\(time.now) \(instance.name): \(change)") }
            }
            lead(instance)
            return round.isBusy
        } catch {
            check(error, instance)
            stop(instance, error.description, kills: random.chance(0.6))
            return true
        }
    }

    /// One round of the leader's thread; an error of its own does not end the process, unless that died.
    private func lead(_ instance: SimulatedInstance) {
        guard random.chance(0.5) else { return }
        do throws(LogError) { try instance.lead() } catch {
            trace?("\(time.now) \(instance.name), leading: \(error)")
            check(error, instance)
        }
    }

    /// State that cannot be used, or an error for a person, is never the simulation's own doing.
    private func check(_ error: LogError, _ instance: SimulatedInstance) {
        guard error.kind == .state || error.kind == .fatal else { return }
        broker.violations.append("\(instance.name) refuses to go on: \(error)")
    }

    private func stop(_ instance: SimulatedInstance, _ why: String, kills: Bool) {
        trace?("\(time.now) \(instance.name) \(kills ? "dies" : "stops"): \(why)")
        counts.crashes += 1
        remove(instance)
        if kills { instance.log.kill() } else { instance.log.close() }
        leadership.silence(of: instance.log)
        guard !instance.log.isReplaced else { return }
        let comesBack = world.hasStaticMembers || random.chance(0.5)
        absent.append(
            (comesBack ? instance.name : "i\(started + absent.count + 100)", time.now + UInt64(random.int(1...600))))
    }

    private func remove(_ instance: SimulatedInstance) {
        instances.removeAll { $0 === instance }
        count(instance)
    }

    func count(_ instance: SimulatedInstance) {
        let counters = instance.worker.counters
        counts.commits += counters.commits
        counts.aborts += counters.aborts
        counts.lists += counters.lists
        counts.events += counters.events
    }

    /// One instance stands still in the middle of a call; the others go on.
    private func stall(_ log: SimulatedLog, _ length: Int) {
        guard stallDepth < 2 else { return time.advance(min(length, 30)) }
        counts.stalls += 1
        trace?("\(time.now) \(log.name) stalls for \(length) ms")
        stallDepth += 1
        defer { stallDepth -= 1 }
        log.freeze()
        leadership.silence(of: log)
        let end = time.now + UInt64(length)
        while time.now < end {
            let others = instances.filter { !$0.isInStep && !$0.log.isFrozen }
            if others.isEmpty || random.chance(0.2) {
                time.advance(random.int(5...60))
            } else {
                step(random.pick(others))
                time.advance(random.int(0...5))
            }
        }
        log.thaw()
    }
}
