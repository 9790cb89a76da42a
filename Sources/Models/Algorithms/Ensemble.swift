internal import Events
internal import Linear

/// A weighted sum of EASE, item neighbourhoods and implicit factors, each divided by the deviation of its scores for the
/// user (linear stacking: Sill, Takács, Mackey, Lin, "Feature-Weighted Linear Stacking", 2009; Jahrer, Töscher, Legenstein,
/// "Combining Predictions for Accurate Recommender Systems", KDD 2010). The weights are those of the best NDCG@20 on a
/// fifth of each user's history that the members did not see; the members are then fitted anew on all of it. EASE has no
/// part where it refuses the catalogue.
public struct Ensemble: Sendable, Equatable {
    /// The members' settings, but for their seeds and threads, which are those of the whole.
    public var als = ImplicitALS()
    public var knn: ItemKNN
    public var ease = EASE()
    /// Of a user's history, what the weights are fitted on.
    public var heldOutShare: Float = 0.2
    /// Users that the weights are fitted on, at most.
    public var usersMax = 2000
    public var seed: UInt64 = 1
    public var threads = 2

    public init() {
        knn = ItemKNN()
        knn.neighbours = 500
    }

    /// Tenths of which the weights are made: 66 mixtures of three members.
    static let steps = 10

    /// The members with seed and threads of the whole.
    private var members: (als: ImplicitALS, knn: ItemKNN, ease: EASE) {
        var members = (als, knn, ease)
        (members.0.seed, members.1.seed, members.2.seed) = (seed, seed, seed)
        (members.0.threads, members.1.threads, members.2.threads) = (threads, threads, threads)
        return members
    }

    /// Fits the members that a mixture has a part for; nil if cancelled.
    func fitMembers(
        _ histories: TrainingHistories, weights: [Float], from earlier: EarlierModel<Model>?,
        progress: (Double) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        let (als, knn, ease) = members
        var model = Model(itemCount: histories.items.count, weights: weights)
        if weights[0] > 0 {
            let start = earlier.flatMap { earlier in
                earlier.model.als.map { EarlierModel($0, rows: earlier.rows) }
            }
            model.als = als.fit(
                histories, from: start, progress: { progress($0 / 3) }, isCancelled: isCancelled)
            guard model.als != nil else { return nil }
        }
        progress(1.0 / 3)
        if weights[1] > 0 {
            model.knn = knn.fit(histories, from: nil, progress: { _ in }, isCancelled: isCancelled)
            guard model.knn != nil else { return nil }
        }
        progress(2.0 / 3)
        if weights[2] > 0, ease.refusal(items: histories.items.count) == nil {
            model.ease = ease.fit(
                histories, from: nil, progress: { progress((2 + $0) / 3) }, isCancelled: isCancelled)
            guard model.ease != nil else { return nil }
        }
        progress(1)
        return model
    }

    /// Which interactions the members do not see: each user's newest, by chance where times are equal. Users keep one item
    /// at least.
    func heldOut(_ histories: TrainingHistories) -> [Bool] {
        var isHeldOut = [Bool](repeating: false, count: histories.count)
        for user in 0..<histories.userCount {
            let range = histories.starts[user]..<histories.starts[user + 1]
            guard range.count > 1 else { continue }
            var random = RandomStream(seed: seed, row: user)
            let order = range.map { (place: $0, lot: random.next()) }.sorted {
                let (a, b) = (histories.times[$0.place], histories.times[$1.place])
                return a != b ? a > b : $0.lot < $1.lot
            }
            let count = max(1, Int(Float(range.count) * heldOutShare))
            for (place, _) in order.prefix(min(count, range.count - 1)) { isHeldOut[place] = true }
        }
        return isHeldOut
    }
}
