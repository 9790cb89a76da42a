public import Events

extension Popularity: Recommender {
    public static let name = "popularity-count"
    public static let summary = "items by the number of their users, the same list for everyone"

    public static let parameters: [Parameter<Popularity>] = [
        .real("half-life-days", 0...3650, \.halfLifeDays, "of an interaction's weight; 0 for none")
            .searched(from: 0, to: 365)
    ]

    /// Nothing to start from: counting is as fast.
    public func fit(
        _ histories: TrainingHistories, from _: EarlierModel<Model>?, progress: (Double) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) -> Model? {
        if isCancelled() { return nil }
        let model = Model(weights: weights(histories))
        progress(1)
        return model
    }

    /// The weight of each item.
    public struct Model: RecommenderModel {
        /// Shares of the most popular item's, 0 to 1; all 0 where nothing was touched.
        public let weights: [Float]

        public var itemCount: Int { weights.count }

        public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
            _ = scores.update(fromContentsOf: weights)
        }

        /// No item is like another one.
        public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
            scores.update(repeating: 0)
        }

        /// Neither: every blend counts what is popular, event by event.
        public func served(
            neighbours _: Int, threads _: Int, isCancelled _: @escaping @Sendable () -> Bool
        ) -> ServedParts? { ServedParts() }

        public func encode(to writer: ByteWriter) {
            writer.varint(weights.count)
            weights.withUnsafeBytes { writer.raw($0) }
        }

        init(weights: [Float]) { self.weights = weights }

        public init(decoding reader: inout ByteReader) throws {
            weights = try reader.array(count: try reader.count(limit: Int(Int32.max)))
        }
    }
}
