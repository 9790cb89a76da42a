import Events
import Models
@testable import Pipeline

/// Compares what a simulation left with what an uninterrupted run makes.
struct Checks {
    let simulation: Simulation
    let reference: Reference
    var broken: [String] = []

    var broker: SimulatedBroker { simulation.broker }
    var world: World { simulation.world }

    init(_ simulation: Simulation) {
        self.simulation = simulation
        reference = Reference(simulation.world, simulation.broker)
    }

    mutating func run() -> [String] {
        checkUsers()
        checkOffsets()
        checkItemLog()
        checkDeadLetters()
        checkLists()
        checkRestart()
        return broker.violations + broken
    }

    mutating func fail(_ what: String) { broken.append(what) }

    /// Users in memory equal a direct fold.
    private mutating func checkUsers() {
        for instance in simulation.instances {
            for (number, worker) in instance.worker.partitions.sorted(by: { $0.key < $1.key })
            where worker.store.hash(items: instance.worker.items.table.identifiers) != reference.hash(number) {
                let found = worker.store.recordHashes(items: instance.worker.items.table.identifiers)
                let right = reference.stores[number]?.recordHashes(items: reference.items.identifiers) ?? [:]
                let others = Set(found.keys).union(right.keys).filter { found[$0] != right[$0] }.sorted()
                fail(
                    "the users of partition \(number) in \(instance.name) differ from an uninterrupted run: "
                        + "\(others), of \(found.keys.sorted()), not \(right.keys.sorted())")
            }
        }
    }

    private mutating func checkOffsets() {
        for (partition, end) in reference.ends.sorted(by: { $0.key < $1.key }) {
            let committed = broker.offsets[partition] ?? -1
            let log = broker.partition(.events, partition)
            if committed < end || committed != log.stableEnd {
                fail(
                    "the committed offset of partition \(partition) is \(committed), its records end at \(end), itself at "
                        + "\(log.stableEnd)")
            }
        }
    }

    // MARK: - Items

    private mutating func checkItemLog() {
        let records = broker.partition(.itemLog, 0).everCommitted
        var blocks: [(partition: Int32, first: Int64, end: Int64, bytes: [UInt8])] = []
        for record in records {
            guard let block = Self.block(record) else { continue }
            blocks.append(block)
        }
        if world.isTransactional { checkContiguous(blocks) }
        let taken = records.count - blocks.count
        if taken < simulation.source.catalogueChanges
            || (world.isTransactional && taken != simulation.source.catalogueChanges)
        {
            fail("the item log has \(taken) changes of the catalogue, of \(simulation.source.catalogueChanges)")
        }
        do {
            let all = try Self.fold(world, records.map { ($0.offset, $0.value ?? []) })
            if all.learnt != reference.learnt {
                fail("the items learnt \(all.learnt) events, of \(reference.learnt)")
            }
            for instance in simulation.instances where instance.worker.items.table.hash() != all.table.hash() {
                fail("the item table of \(instance.name) differs from a fold of the item log")
            }
            // Partition after partition, so that it does not matter how they were mixed. A block names an item's
            // attributes anew, which brings an evicted one back: so only where nothing is evicted.
            guard world.settings.items.itemsMax > world.items else { return }
            blocks.sort { ($0.partition, $0.first) < ($1.partition, $1.first) }
            let sorted = try Self.fold(world, blocks.enumerated().map { (Int64($0.offset), $0.element.bytes) })
            let direct = try Self.fold(world, reference.blocks.enumerated().map { (Int64($0.offset), $0.element) })
            if sorted.table.hash() != direct.table.hash() { fail("the item log teaches other things than the events") }
        } catch {
            fail("the item log cannot be folded: \(error)")
        }
    }

    private mutating func checkContiguous(_ blocks: [(partition: Int32, first: Int64, end: Int64, bytes: [UInt8])]) {
        var next: [Int32: Int64] = [:]
        for block in blocks {
            if let expected = next[block.partition], expected != block.first {
                fail("the item log continues partition \(block.partition) at \(block.first), not at \(expected)")
            }
            next[block.partition] = block.end
        }
        for (partition, offset) in broker.offsets where (next[partition] ?? 0) != offset {
            fail("the item log of partition \(partition) ends at \(next[partition] ?? 0), committed is \(offset)")
        }
    }

    private static func block(
        _ record: StoredRecord
    ) -> (partition: Int32, first: Int64, end: Int64, bytes: [UInt8])? {
        guard let value = record.value else { return nil }
        return value.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            guard (try? reader.byte()) != nil, let kind = try? reader.byte(), kind == ItemLogRecord.events,
                let partition = try? reader.varint(), let first = try? reader.varint(), let end = try? reader.varint()
            else { return nil }
            return (Int32(partition), Int64(first), Int64(end), value)
        }
    }

    private static func fold(_ world: World, _ records: [(Int64, [UInt8])]) throws -> ItemFold {
        let fold = ItemFold(table: ItemTable(settings: world.settings.items))
        for (offset, bytes) in records { try bytes.withUnsafeBytes { try fold.apply($0, at: offset) } }
        return fold
    }

    // MARK: - Dead letters

    private mutating func checkDeadLetters() {
        var found: [Reference.Origin: Int] = [:]
        for record in broker.partition(.deadLetters, 0).committed {
            guard let (partition, offset) = DeadLetter.origin(record.headers) else { continue }
            let origin = Reference.Origin(partition: partition, offset: offset)
            found[origin, default: 0] += 1
            guard let (code, original) = reference.rejected[origin] else {
                fail("the dead letter of \(partition)@\(offset) is of an event that can be learnt")
                continue
            }
            let reason = record.headers.last { $0.name == "freshet.reason" }?.value
            let kept = zip(original.headers, record.headers).allSatisfy { $0.name == $1.name && $0.value == $1.value }
            if record.value != original.value || record.key != original.key || !kept
                || reason != Array(code.rawValue.utf8)
            {
                fail("the dead letter of \(partition)@\(offset) is not what was sent")
            }
        }
        for origin in reference.rejected.keys.sorted(by: { ($0.partition, $0.offset) < ($1.partition, $1.offset) }) {
            let times = found[origin] ?? 0
            if times == 0 || (world.isTransactional && times > 1) {
                fail("\(times) dead letters of \(origin.partition)@\(origin.offset)")
            }
        }
    }

    // MARK: - Restart

    /// A fresh instance restores the very same state, and says nothing while it does.
    private mutating func checkRestart() {
        let hashes = simulation.instances.flatMap { instance in
            instance.worker.partitions.map {
                ($0.key, $0.value.store.hash(items: instance.worker.items.table.identifiers))
            }
        }
        let items = simulation.instances.first?.worker.items.table.hash()
        do throws(LogError) {
            let fresh = try simulation.restart()
            let table = fresh.worker.items.table
            for (number, hash) in hashes
            where fresh.worker.partitions[number]?.store.hash(items: table.identifiers) != hash {
                fail("the users of partition \(number) restored differ from those in memory")
            }
            if let items, table.hash() != items { fail("the item table restored differs from the one in memory") }
            for topic in [LogTopic.recommendations, .deadLetters, .userFeatures, .itemLog] {
                if let count = fresh.log.appended[topic], count > 0 {
                    fail("\(count) records of \(topic) while nothing but a restore went on")
                }
            }
        } catch {
            fail("the last restart fails: \(error)")
        }
    }
}
