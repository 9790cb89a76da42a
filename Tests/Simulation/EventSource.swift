import Pipeline

/// Produces the events topic: ordinary events, and everything that goes wrong at a shop: late events, equal times, jumps
/// of the clock, duplicates, deleted users, records that are no events, and transactions of the shop's own.
final class EventSource {
    private let random: SimulationRandom
    private let broker: SimulatedBroker
    private let world: World
    private var clock: Int64 = 1_700_000_000_000
    private(set) var left: Int
    /// Records of the catalogue that say something about an item.
    private(set) var catalogueChanges = 0
    private var open: SimulatedTransaction?
    private var sent: [(place: Place, draft: RecordDraft)] = []

    init(_ world: World, broker: SimulatedBroker, random: SimulationRandom) {
        self.world = world
        self.broker = broker
        self.random = random
        left = world.events
    }

    /// Appends a few records, in a transaction now and then.
    func produce(most: Int) {
        for _ in 0..<random.int(0...most) where left > 0 {
            left -= 1
            let (place, draft) = next()
            if open == nil, random.chance(0.05) { open = SimulatedTransaction(producer: "shop", epoch: 0) }
            broker.append(place, draft, transaction: random.chance(0.7) ? open : nil)
            sent.append((place, draft))
        }
        if left > 0, random.chance(world.catalogueChance) { changeCatalogue() }
        if open != nil, random.chance(0.2) || left == 0 { close() }
    }

    private func close() {
        guard let done = open else { return }
        open = nil
        broker.decide(done, commits: random.chance(0.6))
    }

    /// A new, changed or withdrawn item of the shop, or a record that is none.
    private func changeCatalogue() {
        let item = random.int(0...world.items)
        var draft = RecordDraft(key: Array("item-\(item)".utf8), timestamp: clock)
        if random.chance(0.8) {
            let available = random.chance(0.8)
            draft.value = Array(
                "{\"title\":\"Title \(item)\",\"available\":\(available),\"price\":\(random.int(1...9))}".utf8)
        }
        if random.chance(0.05) { draft.value = [0x7B] }
        broker.append(Place(topic: .catalogue, partition: 0), draft, transaction: nil)
        catalogueChanges += draft.value == [0x7B] ? 0 : 1
    }

    private func next() -> (Place, RecordDraft) {
        if random.chance(0.05), let again = sent.last { return again }
        if random.chance(0.05), !sent.isEmpty { return random.pick(sent) }
        moveClock()
        let user = random.int(0...(world.users - 1))
        let name = "user-\(user)"
        var time = clock
        if random.chance(0.1) { time -= Int64(random.int(0...200_000_000)) }
        // A little later than its record's own time: clamped; much later: a dead letter.
        var stamp = max(time, clock)
        if random.chance(0.05) { stamp = time - Int64(random.int(1...3_000_000)) }
        if random.chance(0.02) { stamp = time - 10_000_000 }
        let place = Place(topic: .events, partition: Int32(user % world.partitions))
        var draft = RecordDraft(key: Array(name.utf8), value: event(name, time), timestamp: stamp)
        if random.chance(0.06) { spoil(&draft) }
        return (place, draft)
    }

    private func moveClock() {
        switch random.int(0...19) {
        case 0...5: break
        case 6...16: clock += Int64(random.int(1...60_000))
        case 17: clock += 3_600_000
        case 18: clock += 86_400_000 * Int64(random.int(1...20))
        default: clock -= Int64(random.int(0...7_200_000))
        }
    }

    private func event(_ user: String, _ time: Int64) -> [UInt8] {
        if random.chance(world.deletions) {
            return Array("{\"event_time\":\(time),\"event_type\":\"user_deleted\",\"user_id\":\"\(user)\"}".utf8)
        }
        let type = random.pick(["view", "view", "view", "cart", "remove_from_cart", "purchase"])
        let item = random.int(0...(world.items - 1))
        var text =
            "{\"event_time\":\(time),\"event_type\":\"\(type)\",\"product_id\":\"item-\(item)\",\"user_id\":\"\(user)\""
        if random.chance(0.5) { text += ",\"category_id\":\"c\(random.chance(0.9) ? item % 3 : random.int(0...3))\"" }
        if random.chance(0.2) { text += ",\"brand\":\"b\(item % 2)\",\"category_code\":\"a.b\"" }
        if random.chance(0.3) { text += ",\"price\":\(random.int(1...5)).5" }
        if random.chance(0.3) { text += ",\"user_session\":\"s\(random.int(0...3))\"" }
        if random.chance(0.4) { text += ",\"event_id\":\"e\(random.int(0...40))\"" }
        return Array((text + "}").utf8)
    }

    private func spoil(_ draft: inout RecordDraft) {
        switch random.int(0...4) {
        case 0: draft.value = nil
        case 1: draft.value = []
        case 2: draft.value = draft.value.map { Array($0.dropLast()) }
        case 3: draft.key = random.chance(0.5) ? nil : Array("somebody".utf8)
        default:
            let place = random.int(0...((draft.value?.count ?? 1) - 1))
            draft.value?[place] = UInt8(random.int(0...255))
        }
        if random.chance(0.5) { draft.headers = [("trace", [1, 2, 3]), ("none", nil)] }
    }
}
