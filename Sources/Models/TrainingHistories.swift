public import Events

/// What a generation is trained on: the histories of users, as rows of items. Values only, so that it can be handed to a
/// trainer's thread.
///
/// Rows are numbered in the byte order of the items' identifiers, which does not depend on the order of their arrival.
public struct TrainingHistories: Sendable {
    /// The identifier of each row.
    public let items: [String]
    /// Where each user's interactions begin, and the end of the last one: users + 1.
    public let starts: [Int]
    /// The row of each interaction, a user's newest first, each item once a user.
    public let rows: [Int32]
    /// The rating of each interaction.
    public let ratings: [Float]
    /// The largest event time that they include, in ms.
    public let latestTime: Int64

    public var userCount: Int { starts.count - 1 }
    public var count: Int { rows.count }

    /// Collects histories whose items have the numbers of an identifier table.
    public struct Builder {
        private var starts = [0]
        private var numbers: [IdentifierTable.Number] = []
        private var ratings: [Float] = []
        private var latestTime: Int64 = 0

        public init() {}

        /// Adds an interaction of the present user: newest first, each item once.
        public mutating func append(_ item: IdentifierTable.Number, rating: Float, time: Int64) {
            numbers.append(item)
            ratings.append(rating)
            latestTime = max(latestTime, time)
        }

        /// Ends the present user; one without interactions is left out.
        public mutating func endUser() {
            if numbers.count > starts[starts.count - 1] { starts.append(numbers.count) }
        }

        public func build(_ identifiers: IdentifierTable) -> TrainingHistories {
            var isUsed = Array(repeating: false, count: identifiers.upperBound)
            for number in numbers { isUsed[Int(number)] = true }
            var used = isUsed.indices.filter { isUsed[$0] }.map(IdentifierTable.Number.init)
            used.sort { identifiers.precedes($0, $1) }
            var rowOf = Array(repeating: Int32(-1), count: identifiers.upperBound)
            for (row, number) in used.enumerated() { rowOf[Int(number)] = Int32(row) }
            return TrainingHistories(
                items: used.map { identifiers.text($0) }, starts: starts, rows: numbers.map { rowOf[Int($0)] },
                ratings: ratings, latestTime: latestTime)
        }
    }
}
