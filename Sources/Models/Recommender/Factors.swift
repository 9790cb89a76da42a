public import Linear

/// What a factor model has learnt: a vector a row. Users are absent where only items are kept, and are projected anew.
public struct Factors: Sendable {
    public var users: Matrix?
    public var items: Matrix

    public init(users: Matrix?, items: Matrix) {
        self.users = users
        self.items = items
    }
}
