/// Why an item stands in a list: the learner that contributed most to its score.
public enum Reason: UInt8, Sendable, CaseIterable {
    /// Others touched it soon after what this user touched last.
    case viewedNext
    /// It goes together with items of the user's history.
    case similar
    /// It fits the user's taste as a whole.
    case forYou
    /// Much wanted in a category that the user looks at.
    case category
    /// Much wanted by everybody.
    case popular
    /// Drawn by chance, to learn about it.
    case exploration
    /// The user looked at it and has not bought it.
    case viewed
    /// It stands in the user's cart.
    case inCart

    /// As a published list names it: consumers tell lists apart by it, so it stays as it is.
    public var text: StaticString {
        switch self {
        case .viewedNext: "viewed-next"
        case .similar: "similar"
        case .forYou: "for-you"
        case .category: "popular-in-category"
        case .popular: "popular"
        case .exploration: "exploration"
        case .viewed: "viewed"
        case .inCart: "in-cart"
        }
    }
}

/// One item of a list.
public struct RankedItem: Sendable, Equatable {
    /// The item's number in the process's identifier table.
    public var item: UInt32
    /// The blend's sum, comparable within a list only; of an item to go on with, the user's rating of it.
    public var score: Float
    public var reason: Reason

    public init(item: UInt32, score: Float, reason: Reason) {
        self.item = item
        self.score = score
        self.reason = reason
    }
}
