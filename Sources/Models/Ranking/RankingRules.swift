/// What a list may hold, whatever the learners say.
public struct RankingRules: Sendable, Equatable {
    /// N: the length of a list.
    public var listItems = 20
    /// The most items of a history: as many of the most popular may have been seen.
    public var historyItems = 200
    /// Whether items of the user's own history stay out.
    public var excludesSeen = true
    /// The most items of one category in a list; 0 for no limit. Where the candidates run out, the rest fills up.
    public var perCategoryMax = 0
    /// The share of the list's end that is drawn by chance from the candidates that came next; 0 for none.
    public var exploration = 0.0
    /// The user's own items to go on with; 0 for none.
    public var continueItems = 10

    public init() {}
}
