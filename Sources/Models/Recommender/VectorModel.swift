public import Linear

/// A model that scores by the product of a user's vector with an item's: what it learnt is the vectors, and all that is its
/// own beside them is how a user gets one.
public protocol VectorModel: RecommenderModel {
    /// The items' vectors, items × columns, and what searches them.
    var ranking: VectorRanking { get }
    /// Columns of the vectors, from the first, that say what an item is like; a bias behind them does not.
    var comparedColumns: Int { get }
    /// Writes a user's vector, `ranking.items.stride` floats of any content before.
    func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>)
}

extension VectorModel {
    public var itemCount: Int { ranking.items.rows }
    public var comparedColumns: Int { ranking.items.columns }

    public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
        var vector = Matrix(rows: 1, columns: ranking.items.columns)
        vector.withUnsafeMutableBase { project(user, into: $0) }
        ranking.score(vector, into: scores)
    }

    public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
        ranking.cosine(to: item, columns: comparedColumns, into: scores)
    }

    public func recommend(_ users: [UserHistory], count: Int) -> [[Scored]] {
        ranking.recommend(users, count: count, project: project)
    }
}
