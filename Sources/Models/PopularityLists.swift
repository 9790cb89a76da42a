internal import Events

/// The most popular items overall and by category, as the table has them now; made again when the table has moved.
struct PopularityLists {
    private var overall: [IdentifierTable.Number] = []
    private var overallVersion: UInt64?
    private var categories: [[IdentifierTable.Number]] = []
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

    /// The most active items of a category, best first.
    mutating func top(of category: IdentifierTable.Number, _ table: ItemTable) -> [IdentifierTable.Number] {
        guard Int(category) < table.members.count else { return [] }
        while categories.count <= Int(category) {
            categories.append([])
            categoryVersions.append(.max)
        }
        if categoryVersions[Int(category)] != table.memberVersions[Int(category)] {
            categoryVersions[Int(category)] = table.memberVersions[Int(category)]
            var list = TopList(capacity: length)
            for item in table.members[Int(category)] where table.isRecommendable(item) {
                list.offer(item, table.activity.value(item, column: columns.activity), table.identifiers)
            }
            categories[Int(category)] = list.finish(table.identifiers)
        }
        return categories[Int(category)]
    }
}
