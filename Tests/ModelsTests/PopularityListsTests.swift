import Events
import Testing

@testable import Models

/// Lists that follow the table's journal against lists made from the table as it is.
@Suite struct PopularityListsTests {
    @Test(arguments: 0..<20 as Range<UInt64>) func followingIsMakingAnew(seed: UInt64) {
        var settings = ItemTable.Settings()
        settings.itemsMax = 300
        settings.popularityHalfLives = [60_000, 3_600_000, 0]
        let table = ItemTable(settings: settings)
        var random = RandomStream(seed: seed)
        var following = PopularityLists()
        var maxima = PopularityMaxima()
        var time: Int64 = 1_700_000_000_000
        let column = Int(seed % 3)
        for round in 0..<60 {
            for _ in 0..<random.below(round % 10 == 9 ? 3000 : 60) { change(table, &random, &time) }
            var anew = PopularityLists()
            following.prepare(table, popularity: column, activity: 2 - column, length: 30)
            anew.prepare(table, popularity: column, activity: 2 - column, length: 30)
            #expect(following.top == anew.top)
            #expect(following.popularityMax == anew.popularityMax && following.activityMax == anew.activityMax)
            var scanned = PopularityMaxima()
            maxima.prepare(table)
            scanned.prepare(table)
            #expect(maxima.values == scanned.values && maxima.values[column] == anew.popularityMax)
            // Some categories are asked for now and then only.
            for category in 0..<IdentifierTable.Number(table.members.count) where random.below(3) > 0 {
                guard let list = following.top(of: category, table), let other = anew.top(of: category, table) else {
                    Issue.record("category \(category) has no list")
                    continue
                }
                #expect(list.items == other.items)
                #expect(list.items.indices.map(list.share) == other.items.indices.map(other.share))
            }
        }
    }

    /// A deployment may keep fewer half-lives than the blend knows of.
    @Test func aBlendForMoreHalfLivesTakesTheLongestThereIs() {
        var settings = ItemTable.Settings()
        settings.popularityHalfLives = [3_600_000]
        let table = ItemTable(settings: settings)
        var (random, time) = (RandomStream(seed: 3), Int64(1_700_000_000_000))
        for _ in 0..<500 { change(table, &random, &time) }
        let ranker = Ranker(table: table)
        ranker.begin(generation: nil, blend: BlendSettings())
        var count = 0
        let nothing = UserQuery(
            recents: .init(start: nil, count: 0), ratings: .init(start: nil, count: 0),
            states: .init(start: nil, count: 0), seed: 0)
        ranker.rank([nothing]) { _, list, _ in count = list.count }
        #expect(count == RankingRules().listItems)
    }

    /// Eviction and trends take the last half-life for the longest.
    @Test(arguments: [
        ([7], true), ([0], true), ([1, 2, 2, 3], true), ([1, 2, 0], true), ([3, 2], false), ([1, 0, 2], false),
        ([1, 0, 0], false),
    ])
    func halfLivesHaveAnOrder(_ halfLives: [Int64], _ isOrdered: Bool) {
        #expect(ItemTable.Settings.isOrdered(halfLives) == isOrdered)
    }

    private func change(_ table: ItemTable, _ random: inout RandomStream, _ time: inout Int64) {
        let item = table.identifiers.intern("i\(random.below(random.below(50) == 0 ? 2000 : 250))")
        switch random.below(40) {
        case 0: table.withdraw(item: item)
        case 1:
            var entry = ItemTable.CatalogueEntry()
            entry.isAvailable = random.below(2) == 0
            if random.below(2) == 0 { entry.category = table.words.intern("c\(random.below(6))") }
            table.catalogue(item: item, entry)
        case 2...8:
            table.describe(
                item: item, category: table.words.intern("c\(random.below(6))"), categoryCode: IdentifierTable.none,
                brand: IdentifierTable.none, price: .nan, time: time)
        case 9: time += Int64(random.below(3_600_000))
        default:
            // Few distinct moments, so that values tie.
            time += Int64(random.below(3)) * 1000
            let late = random.below(10) == 0 ? Int64(random.below(600_000)) : 0
            withUnsafeTemporaryAllocation(of: IdentifierTable.Number.self, capacity: 0) { none in
                table.learn(
                    item: item, type: .view, isNewPair: random.below(3) > 0, time: time - late,
                    preceding: UnsafeBufferPointer(none))
            }
        }
    }
}
