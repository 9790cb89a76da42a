internal import Linear

/// The network of Apache MXNet's recommender example in gluon: on either side an embedding, a dense layer with a rectifier
/// and dropout; then the product, and its sum as the rating. Learnt by squared loss on the ratings 1–4, and by stochastic
/// gradient descent with momentum.
///
/// Ratings alone do not say what a user would touch at all, and where all of them are equal they say nothing. So each
/// rating brings `negatives` items that the user did not touch with a rating of 0; none is the example as it stands, right
/// for predicting ratings. Batches follow one another in one thread: a seed gives one model.
public struct EmbeddingNetwork: Sendable, Equatable {
    /// Length of the embeddings.
    public var embedding = 16
    /// Outputs of the dense layers.
    public var hidden = 32
    /// Of being left out in a step, for each number of both sides.
    public var dropout: Float = 0.1
    /// Passes over the ratings.
    public var epochs = 10
    /// Ratings a step.
    public var batch = 64
    /// Untouched items a rating, taken as 0.
    public var negatives = 3
    /// Of the descent.
    public var learningRate: Float = 0.1
    public var momentum: Float = 0.9
    /// Of all parameters, in a step that touches them.
    public var weightDecay: Float = 0.00001
    public var seed: UInt64 = 1
    /// Taken as given: this learns in one thread.
    public var threads = 2

    public init() {}

    /// Learns both sides.
    /// - Returns: nil if cancelled.
    func train(
        _ interactions: Interactions, from earlier: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: () -> Bool
    ) -> (users: EmbeddingSide, items: EmbeddingSide)? {
        precondition(epochs > 0 && batch > 0 && negatives >= 0)
        var (users, items) = start(interactions, from: earlier)
        var random = RandomStream(seed: seed ^ 0x2545_F491_4F6C_DD1D)
        func drop(_ side: UInt64) -> Dropout {
            Dropout(
                probability: dropout, batch: DenseLayer.padded(batch), columns: hidden,
                seed: seed ^ (side &* 0x9E6C_63D0_876A_3F6B))
        }
        var pass = EmbeddingPass(users, items, batch: batch, dropout: (drop(1), drop(2)))
        var optimizer = Optimizer(.momentum(momentum), rate: learningRate, weightDecay: weightDecay)
        for epoch in 0..<epochs {
            let pairs = SampledPairs(
                interactions, negatives: negatives, random: &random, isCancelled: isCancelled
            ) { $0 }
            guard let pairs else { return nil }
            let isDone = pairs.forEachBatch(of: batch) { userRows, itemRows, ratings in
                if isCancelled() { return false }
                _ = pass.run(&users, &items, users: userRows, items: itemRows, ratings: ratings)
                optimizer.beginStep()
                users.update(optimizer)
                items.update(optimizer)
                return true
            }
            guard isDone else { return nil }
            progress(Double(epoch + 1) / Double(epochs))
        }
        return (users, items)
    }

    private func start(
        _ interactions: Interactions, from earlier: EarlierModel<Model>?
    ) -> (EmbeddingSide, EmbeddingSide) {
        var random = RandomStream(seed: seed)
        var users = EmbeddingSide(rows: interactions.rows, embedding: embedding, hidden: hidden, random: &random)
        var items = EmbeddingSide(rows: interactions.columns, embedding: embedding, hidden: hidden, random: &random)
        if let earlier, earlier.model.itemSide.table.table.values.columns == embedding,
            earlier.model.itemSide.layer.outputs == hidden
        {
            items.table.take(earlier.model.itemSide.table, rows: earlier.rows)
            items.layer = earlier.model.itemSide.layer.learning()
            users.layer = earlier.model.userSide.layer.learning()
        }
        return (users, items)
    }
}
