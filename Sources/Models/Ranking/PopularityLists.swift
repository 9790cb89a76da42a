internal import Events

/// The most popular items overall and by category, as the table has them now; made again when the table has moved.
struct PopularityLists {
    private var overall: [IdentifierTable.Number] = []
    private var overallVersion: UInt64?
    private var categories: [CategoryList] = []
    private var categoryVersions: [UInt64] = []
    private(set) var popularityMax = 0.0
    private(set) var activityMax = 0.0
    private var columns = (popularity: -1, activity: -1)
    /// The items that each list keeps: enough for 2N that no user has seen.
    private var length = 0

    mutating func prepare(_ table: ItemTable, popularity: Int, activity: Int, length: Int) {
        if columns != (popularity, activity) || self.length != length {
            columns = (popularity, activity)
            self.length = length
            overallVersion = nil
            categoryVersions.removeAll()
            categories.removeAll()
        }
        guard overallVersion != table.version else { return }
        overallVersion = table.version
        var list = TopList(capacity: length)
        popularityMax = 0
        activityMax = 0
        for index in 0..<table.upperBound {
            let item = IdentifierTable.Number(index)
            activityMax = max(activityMax, table.activity.value(item, column: activity))
            let value = table.popularity.value(item, column: popularity)
            popularityMax = max(popularityMax, value)
            if value > 0, table.isRecommendable(item) { list.offer(item, value, table.identifiers) }
        }
        overall = list.finish(table.identifiers)
    }

    /// The most popular items, best first.
    var top: [IdentifierTable.Number] { overall }

    /// The most active items of a category, best first, and their shares of the largest activity.
    mutating func top(of category: IdentifierTable.Number, _ table: ItemTable) -> CategoryList? {
        guard Int(category) < table.members.count else { return nil }
        while categories.count <= Int(category) {
            categories.append(CategoryList())
            categoryVersions.append(.max)
        }
        let list = categories[Int(category)]
        if categoryVersions[Int(category)] != table.memberVersions[Int(category)] {
            categoryVersions[Int(category)] = table.memberVersions[Int(category)]
            var top = TopList(capacity: length)
            for item in table.members[Int(category)] where table.isRecommendable(item) {
                top.offer(item, table.activity.value(item, column: columns.activity), table.identifiers)
            }
            list.items = top.finish(table.identifiers)
            list.shares.removeAll(keepingCapacity: true)
        }
        if list.activityMax != activityMax {
            list.activityMax = activityMax
            list.shares.removeAll(keepingCapacity: true)
        }
        return list
    }
}

/// The most active items of one category.
final class CategoryList {
    fileprivate(set) var items: [IdentifierTable.Number] = []
    /// The square root of each item's share of the largest activity: as many as were asked for so far.
    fileprivate var shares: [Float] = []
    fileprivate var activityMax = 0.0

    /// The share of an item, from `make` the first time; places are asked for in order.
    @inline(__always)
    func share(_ place: Int, _ make: (IdentifierTable.Number) -> Float) -> Float {
        if place == shares.count { shares.append(make(items[place])) }
        return shares[place]
    }
}
