import Events
import Models

/// A recommender whose model says what a test wants: one score of everything, or a user's mean rating.
struct StubRecommender: RatingRecommender {
    /// Of every item; nil for the mean of the user's ratings.
    var score: Float?
    var negatives = 0
    var isFinite = true
    var seed: UInt64 = 1
    var threads = 1

    static let name = "stub"
    static let summary = "what a test wants"
    static let parameters: [Parameter<StubRecommender>] = []

    func fit(
        _ histories: TrainingHistories, from _: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        Model(itemCount: histories.items.count, constant: score, isFinite: isFinite)
    }

    struct Model: RatingModel, DescentModel {
        var itemCount: Int
        var constant: Float?
        var isFinite: Bool

        func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
            let mean = user.ratings.reduce(0, +) / Float(max(user.ratings.count, 1))
            scores.update(repeating: constant ?? mean)
        }

        func predictedRatings(_ user: UserHistory, of items: [Int32]) -> [Float] { scores(user, of: items) }
        func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) { scores.update(repeating: 0) }
        func served(neighbours: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool) -> ServedParts? { nil }
        func encode(to writer: ByteWriter) {}

        init(itemCount: Int, constant: Float?, isFinite: Bool) {
            (self.itemCount, self.constant, self.isFinite) = (itemCount, constant, isFinite)
        }

        init(decoding reader: inout ByteReader) throws { self.init(itemCount: 0, constant: nil, isFinite: true) }
    }
}
