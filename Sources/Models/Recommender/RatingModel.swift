/// A model that predicts ratings, on the scale of the histories that it was fitted on, and not an order alone: evaluation
/// measures their errors too.
public protocol RatingModel: RecommenderModel {
    /// The ratings that a user would give to items, in their order.
    func predictedRatings(_ user: UserHistory, of items: [Int32]) -> [Float]
}
