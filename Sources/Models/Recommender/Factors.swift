public import Linear

/// What a factor model has learnt: a vector a row. Users are absent where only items are kept, and are projected anew.
public struct Factors: Sendable {
    /// users × K; an algorithm with biases has columns for them behind the K.
    public var users: Matrix?
    /// items × K, with as many columns as the users have.
    public var items: Matrix

    public init(users: Matrix?, items: Matrix) {
        self.users = users
        self.items = items
    }
}
