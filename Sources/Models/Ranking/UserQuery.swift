public import Events

/// What a list is ranked from: one user's history at one time.
///
/// The pointers belong to the caller and are read during the call only.
public struct UserQuery {
    /// Distinct items, the one touched last first.
    public var recents: UnsafeBufferPointer<IdentifierTable.Number>
    /// The rating of each at the time of the list.
    public var ratings: UnsafeBufferPointer<Float>
    /// Whether each stands in the cart, and whether it was bought.
    public var states: UnsafeBufferPointer<ItemState>
    /// For exploration.
    public var seed: UInt64

    /// What became of an item in the user's hands.
    public enum ItemState: UInt8, Sendable { case viewed, inCart, purchased }

    /// As many ratings and states as recents.
    public init(
        recents: UnsafeBufferPointer<IdentifierTable.Number>, ratings: UnsafeBufferPointer<Float>,
        states: UnsafeBufferPointer<ItemState>, seed: UInt64
    ) {
        self.recents = recents
        self.ratings = ratings
        self.states = states
        self.seed = seed
    }
}
