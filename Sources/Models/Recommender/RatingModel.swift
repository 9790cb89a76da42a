/// A model that predicts ratings, on the scale of the histories that it was fitted on, and not an order alone: evaluation
/// measures their errors too.
public protocol RatingModel: RecommenderModel {
    /// The ratings that a user would give to items, in their order.
    func predictedRatings(_ user: UserHistory, of items: [Int32]) -> [Float]
}

/// An algorithm that learns ratings, unless untouched items are learnt as ratings of 0 beside them: what it then says is how
/// likely a touch is, on no scale of ratings, and has no errors.
public protocol RatingRecommender: Recommender where Model: RatingModel {
    /// Untouched items a rating, taken as 0.
    var negatives: Int { get }
}

extension MatrixFactorization: RatingRecommender {}
extension EmbeddingNetwork: RatingRecommender {}
