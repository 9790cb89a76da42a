/// Each item's nearest others, nearest first, in flat arrays: what item kNN serves from.
public struct NeighbourTable: Sendable, Equatable {
    /// How many items there are, each with a row.
    public let items: Int
    /// Places an item has; those that nobody takes hold index −1 and weight 0.
    public let width: Int
    /// items × width.
    public let indices: [Int32]
    /// What each neighbour is worth, times the user's rating of the item whose row it is.
    public let weights: [Float]

    public init(items: Int, width: Int, indices: [Int32], weights: [Float]) {
        precondition(indices.count == items * width && weights.count == items * width)
        self.items = items
        self.width = width
        self.indices = indices
        self.weights = weights
    }

    /// The places of one item.
    public func range(of item: Int) -> Range<Int> { item * width..<(item + 1) * width }
}
