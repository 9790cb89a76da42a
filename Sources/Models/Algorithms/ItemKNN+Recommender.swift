public import Events

extension ItemKNN: Recommender {
    public static let name = "knn"
    public static let summary = "item-based neighbourhoods, by cosine or a variant of it (Sarwar et al. 2001)"

    public static let parameters: [Parameter<ItemKNN>] = [
        .integer("neighbours", 1...4096, \.neighbours, isLogarithmic: true, "kept of each item")
            .searched(from: 10, to: 1000),
        .real("target-exponent", 0...1, \.targetExponent, "a, on the target's norm; both ½: the cosine"),
        .real("source-exponent", 0...1, \.sourceExponent, "b, on the norm of the user's item"),
        .real("shrinkage", 0...1000, \.shrinkage, "added to the product of the norms")
            .searched(from: 0, to: 100),
        .choice(
            "dampens-weights", [("no", false), ("yes", true)], \.dampensWeights,
            "1 + ln(rating) for each rating; histories hold no counts of events"),
        .choice(
            "normalises-users", [("no", false), ("yes", true)], \.normalisesUsers,
            "divide a user's weights by their Euclidean norm"),
    ]

    /// Nothing to start from: the neighbours are computed anew.
    public func fit(
        _ histories: TrainingHistories, from _: EarlierModel<NeighbourTable>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> NeighbourTable? {
        train(histories.interactions, progress: progress, isCancelled: isCancelled)
    }
}

/// Scores by the user's items: `Σ_j rating_j · weight(j → i)`.
extension NeighbourTable: RecommenderModel {
    public var itemCount: Int { items }

    public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
        scores.update(repeating: 0)
        for (item, rating) in zip(user.items, user.ratings) { add(Int(item), times: rating, to: scores) }
    }

    public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
        scores.update(repeating: 0)
        add(item, times: 1, to: scores)
    }

    private func add(_ item: Int, times factor: Float, to scores: UnsafeMutableBufferPointer<Float>) {
        for place in range(of: item) where indices[place] >= 0 {
            scores[Int(indices[place])] += factor * weights[place]
        }
    }

    public func encode(to writer: ByteWriter) {
        writer.varint(items)
        writer.varint(width)
        indices.withUnsafeBytes { writer.raw($0) }
        weights.withUnsafeBytes { writer.raw($0) }
    }

    public init(decoding reader: inout ByteReader) throws {
        let items = try reader.count(limit: Int(Int32.max))
        let width = try reader.count(limit: 1 << 20)
        let indices: [Int32] = try reader.array(count: items * width)
        let weights: [Float] = try reader.array(count: items * width)
        guard indices.allSatisfy({ $0 >= -1 && $0 < Int32(items) }) else {
            throw ByteReader.Malformed(offset: reader.offset)
        }
        self.init(items: items, width: width, indices: indices, weights: weights)
    }
}
