/// A consumer group with cooperative rebalances: partitions move when their owner has let go of them.
final class SimulatedGroup {
    struct Member {
        var id: Int
        var instance: String?
        var session: SimulatedLog
        var generation: Int
    }

    let random: SimulationRandom
    let time: VirtualTime
    let partitions: [Int32]
    let sessionTimeout: Int
    private(set) var generation = 0
    private(set) var members: [Member] = []
    /// Who has each partition, until it is released or taken away.
    private(set) var owners: [Int32: Int] = [:]
    private var targets: [Int32: Int] = [:]
    private var made = 0
    private(set) var rebalances = 0

    init(random: SimulationRandom, time: VirtualTime, partitions: [Int32], sessionTimeout: Int) {
        self.random = random
        self.time = time
        self.partitions = partitions
        self.sessionTimeout = sessionTimeout
    }

    /// Joins; with a static instance id the new session takes the place of the old one, without a rebalance.
    func join(_ session: SimulatedLog, instance: String?) -> Int {
        made += 1
        if let instance, let place = members.firstIndex(where: { $0.instance == instance }) {
            let old = members[place]
            old.session.isReplaced = true
            let id = made
            members[place] = Member(id: id, instance: instance, session: session, generation: generation)
            for (partition, owner) in owners where owner == old.id { owners[partition] = id }
            for (partition, target) in targets where target == old.id { targets[partition] = id }
            // What the last session was asked to give up, this one never takes up.
            for partition in partitions where owners[partition] == id {
                if targets[partition] == id { session.grant(partition) } else { owners[partition] = nil }
            }
            grantFree()
            return id
        }
        members.append(Member(id: made, instance: instance, session: session, generation: generation))
        rebalance()
        return made
    }

    func leave(_ id: Int) {
        guard members.contains(where: { $0.id == id }) else { return }
        members.removeAll { $0.id == id }
        for (partition, owner) in owners where owner == id { owners[partition] = nil }
        rebalance()
    }

    func has(_ id: Int) -> Bool { members.contains { $0.id == id } }

    /// Whether the member speaks for the present generation.
    func isCurrent(_ id: Int) -> Bool { members.contains { $0.id == id && $0.generation == generation } }

    /// The member's session fell silent: it is expelled when it stays so.
    func silence(of id: Int, isStillSilent: @escaping () -> Bool) {
        time.after(sessionTimeout) { [self] in
            if isStillSilent() { leave(id) }
        }
    }

    /// A member that was expelled has nothing to release.
    func release(_ partition: Int32, by id: Int) {
        guard owners[partition] == id else { return }
        owners[partition] = nil
        grantFree()
    }

    /// Shares the partitions out anew.
    func rebalance() {
        generation += 1
        rebalances += 1
        guard !members.isEmpty else {
            targets.removeAll()
            return
        }
        let order = random.shuffled(members.map(\.id))
        let share = (partitions.count + order.count - 1) / order.count
        var counts: [Int: Int] = [:]
        targets.removeAll()
        for partition in random.shuffled(partitions) {
            let sticky = owners[partition].flatMap { counts[$0, default: 0] < share ? $0 : nil }
            let target = sticky ?? order.min { (counts[$0, default: 0], $0) < (counts[$1, default: 0], $1) }
            guard let target else { continue }
            targets[partition] = target
            counts[target, default: 0] += 1
        }
        for place in members.indices {
            let (id, session) = (members[place].id, members[place].session)
            time.after(random.int(0...12)) { [self] in rejoin(id) }
            if random.chance(0.2) { session.noteEmptyAssignment() }
        }
        for partition in partitions {
            guard let owner = owners[partition], owner != targets[partition] else { continue }
            // Not told of it yet: it can be taken back without a word.
            if session(owner)?.withdraw(partition) ?? true {
                owners[partition] = nil
            } else {
                session(owner)?.ask(back: partition)
            }
        }
        for partition in partitions where owners[partition] != nil && owners[partition] == targets[partition] {
            session(owners[partition] ?? 0)?.keep(partition)
        }
        grantFree()
    }

    /// The member's background thread joins the present generation; a frozen one cannot.
    private func rejoin(_ id: Int) {
        guard let place = members.firstIndex(where: { $0.id == id }) else { return }
        guard !members[place].session.isSilent else {
            time.after(10) { [self] in rejoin(id) }
            return
        }
        members[place].generation = generation
    }

    private func session(_ id: Int) -> SimulatedLog? { members.first { $0.id == id }?.session }

    private func grantFree() {
        for partition in partitions where owners[partition] == nil {
            guard let target = targets[partition], let session = session(target) else { continue }
            owners[partition] = target
            session.grant(partition)
        }
    }
}
