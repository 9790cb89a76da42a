internal import Events

/// The most popular items overall and by category, as the table has them now. They follow the table's journal: what a
/// block of the item log taught touches a few places, where a new scan would read every item.
struct PopularityLists {
    typealias Item = IdentifierTable.Number

    /// What the lists are made for; another value makes others.
    private struct Basis: Equatable {
        var popularity = -1
        var activity = -1
        /// The items that each list keeps: enough for 2N that no user has seen.
        var length = 0
        /// Where the landmarks of the two columns stand: values fall when they move.
        var landmarks: [Int64] = []
    }

    private var basis = Basis()
    /// How far the table's journal is followed; -1 before the first time.
    private var place = -1
    /// Nil where it has to be made.
    private var overall: TopItems?
    private var categories: [CategoryList?] = []
    private(set) var popularityMax = 0.0
    private(set) var activityMax = 0.0

    /// Brings the lists to where the table is.
    mutating func prepare(_ table: ItemTable, popularity: Int, activity: Int, length: Int) {
        let present = Basis(
            popularity: popularity, activity: activity, length: length,
            landmarks: [table.popularity.landmarkStep(popularity), table.activity.landmarkStep(activity)])
        if present == basis, place >= 0, let changes = table.journal.entries(since: place) {
            for change in changes { follow(change, table) }
        } else {
            basis = present
            overall = nil
            categories.removeAll()
            (popularityMax, activityMax) = (0, 0)
        }
        place = table.journal.end
        if overall == nil { scan(table) }
    }

    private mutating func scan(_ table: ItemTable) {
        var popularityMax = 0.0
        var activityMax = 0.0
        overall = TopItems(
            capacity: basis.length,
            { offer in
                for index in 0..<table.upperBound {
                    let item = Item(index)
                    activityMax = max(activityMax, table.activity.value(item, column: basis.activity))
                    let value = table.popularity.value(item, column: basis.popularity)
                    popularityMax = max(popularityMax, value)
                    if value > 0, table.isRecommendable(item) { offer(item, value) }
                }
            }, table.identifiers)
        self.popularityMax = popularityMax
        self.activityMax = activityMax
    }

    private mutating func follow(_ change: ItemJournal.Entry, _ table: ItemTable) {
        let item = change.item
        let popularity = table.popularity.value(item, column: basis.popularity)
        let activity = table.activity.value(item, column: basis.activity)
        popularityMax = max(popularityMax, popularity)
        activityMax = max(activityMax, activity)
        let isRecommendable = table.isRecommendable(item)
        if isRecommendable {
            if popularity > 0 { _ = overall?.raise(item, to: popularity, table.identifiers) }
        } else if overall?.contains(item) == true {
            overall = nil
        }
        guard Int(change.category) < categories.count, let list = categories[Int(change.category)] else { return }
        if isRecommendable, table.category(item) == change.category {
            list.raise(item, to: activity, table.identifiers)
        } else if list.contains(item) {
            categories[Int(change.category)] = nil
        }
    }

    /// The most popular items, best first.
    var top: [Item] { overall?.items ?? [] }

    /// The most active items of a category, best first, and their shares of the largest activity.
    mutating func top(of category: IdentifierTable.Number, _ table: ItemTable) -> CategoryList? {
        guard Int(category) < table.members.count else { return nil }
        while categories.count <= Int(category) { categories.append(nil) }
        let list = categories[Int(category)] ?? makeList(of: category, table)
        categories[Int(category)] = list
        list.measure(by: activityMax)
        return list
    }

    private func makeList(of category: IdentifierTable.Number, _ table: ItemTable) -> CategoryList {
        CategoryList(
            TopItems(
                capacity: basis.length,
                { offer in
                    for item in table.members[Int(category)] where table.isRecommendable(item) {
                        offer(item, table.activity.value(item, column: basis.activity))
                    }
                }, table.identifiers))
    }
}

/// The most active items of one category.
final class CategoryList {
    private var top: TopItems
    /// The square root of each item's share of the largest activity: as many as were asked for so far.
    private var shares: [Float] = []
    private var activityMax = 0.0

    fileprivate init(_ top: TopItems) { self.top = top }

    /// Best first.
    var items: [IdentifierTable.Number] { top.items }

    /// The share of the item at a place; places are asked for in order.
    @inline(__always)
    func share(_ place: Int) -> Float {
        if place == shares.count { shares.append(activityShare(top.values[place], of: activityMax)) }
        return shares[place]
    }

    fileprivate func contains(_ item: IdentifierTable.Number) -> Bool { top.contains(item) }

    fileprivate func raise(_ item: IdentifierTable.Number, to value: Double, _ identifiers: IdentifierTable) {
        if top.raise(item, to: value, identifiers) { shares.removeAll(keepingCapacity: true) }
    }

    fileprivate func measure(by activityMax: Double) {
        guard activityMax != self.activityMax else { return }
        self.activityMax = activityMax
        shares.removeAll(keepingCapacity: true)
    }
}

/// The square root of an activity's share of the largest one.
@inline(__always)
func activityShare(_ value: Double, of largest: Double) -> Float {
    largest > 0 ? Float((value / largest).squareRoot()) : 0
}
