internal import Events

/// The largest popularity of all items, by column of the bank. It follows the table's journal: a scan reads every item.
struct PopularityMaxima {
    private(set) var values: [Double] = []
    /// Where each column's landmark stood: its values fall when that moves.
    private var landmarks: [Int64] = []
    /// How far the table's journal is followed; -1 before the first time.
    private var place = -1

    /// Brings the values to where the table is.
    mutating func prepare(_ table: ItemTable) {
        let popularity = table.popularity
        let steps = popularity.landmarkSteps
        let changes = place < 0 || values.count != steps.count ? nil : table.journal.entries(since: place)
        if changes == nil {
            values = Array(repeating: 0, count: steps.count)
            landmarks = []
        }
        for column in steps.indices {
            if let changes, landmarks[column] == steps[column] {
                for change in changes {
                    values[column] = max(values[column], popularity.value(change.item, column: column))
                }
            } else {
                values[column] = (0..<table.upperBound).reduce(0) {
                    max($0, popularity.value(IdentifierTable.Number($1), column: column))
                }
            }
        }
        landmarks = steps
        place = table.journal.end
    }
}
