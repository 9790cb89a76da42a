import Events
import Models
import Testing

@testable import Pipeline

/// Which items leave a full table.
struct EvictionTests {
    private func settings(_ itemsMax: Int) -> ItemTable.Settings {
        var settings = ItemTable.Settings()
        settings.itemsMax = itemsMax
        return settings
    }

    /// Identifiers that begin alike, end with zeros or within a word of eight bytes, and are longer than one.
    private func id(_ number: Int) -> String {
        switch number % 4 {
        case 0: "item-\(number)"
        case 1: "a long identifier, the number of which stands last: \(number)"
        case 2: "zeros" + String(repeating: "\0", count: number / 4)
        default: String(repeating: "x", count: number % 19) + "\(number)"
        }
    }

    private func live(_ table: ItemTable) -> Set<String> {
        Set((0..<UInt32(table.upperBound)).filter { table.attributes($0).isLive }.map { table.identifiers.text($0) })
    }

    /// Against a sort by activity and identifier, whatever numbers the identifiers have.
    @Test func theLeastActiveLeaveTiesByIdentifier() {
        for seed in UInt64(1)...4 {
            var random = Seeded(seed)
            let ids = (0..<160).map(id)
            let table = ItemTable(settings: settings(160))
            for id in ids.shuffled(using: &random) { _ = table.identifiers.intern(id) }
            var views: [String: Int] = [:]
            for id in ids {
                views[id] = 1 + random.below(seed == 1 ? 1 : 3)
                for _ in 0..<(views[id] ?? 0) { table.learnView(id, time: 0) }
            }
            let order = ids.sorted { a, b in
                views[a] == views[b]
                    ? a.utf8.lexicographicallyPrecedes(b.utf8) : views[a] ?? 0 < views[b] ?? 0
            }
            #expect(table.liveCount == 160)
            table.learnView("one more", time: 0)
            #expect(table.liveCount == 151)
            #expect(live(table) == Set(order.dropFirst(10)).union(["one more"]))
        }
    }

    /// The bound holds after every record, whatever brings an item.
    @Test func entriesOfTheCatalogueKeepTheBound() throws {
        let fold = ItemFold(table: ItemTable(settings: settings(64)))
        for item in 0..<40 { fold.table.learnView("seen-\(item)", time: 0) }
        for item in 0..<500 {
            try fold.applyCatalogue(CatalogueItem(id: "i\(item)", categoryID: "c\(item % 3)", price: 2), "i\(item)")
            #expect(fold.table.liveCount <= 64)
        }
        // Those that nobody has touched go first.
        #expect(live(fold.table).count { $0.hasPrefix("seen") } == 40)
        checkDerived(fold.table)
    }

    /// Members and prices are those of the attributes, however items move and go.
    @Test func whatIsDerivedFollows() {
        let table = ItemTable(settings: settings(50))
        var random = Seeded(9)
        for time in 0..<3000 {
            let item = table.identifiers.intern("i\(random.below(80))")
            table.learnView(table.identifiers.text(item), time: Int64(time))
            table.describe(
                item: item, category: table.words.intern("c\(random.below(5))"), categoryCode: IdentifierTable.none,
                brand: IdentifierTable.none, price: random.once(in: 2) ? .nan : Double(random.below(9)),
                time: Int64(time))
            if time % 100 == 0 { checkDerived(table) }
        }
        checkDerived(table)
    }

    private func checkDerived(_ table: ItemTable) {
        var members: [UInt32: Set<UInt32>] = [:]
        var (prices, events) = (0, 0)
        for item in 0..<UInt32(table.upperBound) where table.attributes(item).isLive {
            if table.category(item) != IdentifierTable.none { members[table.category(item), default: []].insert(item) }
            prices += table.attributes(item).price.isNaN ? 0 : 1
            for type in 0..<4 { events += Int(table.attributes(item).counts[type]) }
        }
        #expect(table.eventCount == events)
        for (category, items) in table.members.enumerated() {
            #expect(items.count == Set(items).count && Set(items) == members[UInt32(category)] ?? [])
        }
        #expect(table.prices.count == prices)
    }

    /// Identifiers of what was evicted end with the process; those that a row still names do not.
    @Test func aSnapshotLeavesEvictedIdentifiersBehind() throws {
        let fold = ItemFold(table: ItemTable(settings: settings(32)))
        for item in 0..<2000 { fold.table.learnView("i\(item)", time: Int64(item) * 86_400_000) }
        let copy = ItemFold(table: ItemTable(settings: settings(32)))
        #expect(try copy.load(from: fold))
        #expect(copy.table.hash() == fold.table.hash())
        #expect(copy.table.identifiers.count == fold.table.liveCount && fold.table.identifiers.count == 2000)
    }
}
