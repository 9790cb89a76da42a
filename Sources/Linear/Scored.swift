/// An item and its score.
@frozen
public struct Scored: Sendable, Equatable {
    /// The item's row in what was ranked.
    public var index: Int32
    public var score: Float

    @inlinable
    public init(index: Int32, score: Float) {
        self.index = index
        self.score = score
    }
}
