public import Events
public import Linear

extension ElementwiseALS {
    /// Item factors, and how a user is projected on them: by the same updates, from zero.
    public struct Model: FoldingModel {
        /// items × K
        public var items: Matrix { ranking.items }
        public let ranking: VectorRanking
        private let problem: CoordinateProblem
        private let missing: [Float]

        /// Passes over a user's coordinates; more change no list.
        private static let passes = 8

        init(items: Matrix, missing: [Float], alpha: Float, regularization: Float) {
            ranking = VectorRanking(items)
            self.missing = missing
            problem = CoordinateProblem(
                interactions: Interactions(rows: 0, columns: items.rows, offsets: [0], indices: [], weights: []),
                other: items, missing: .ofOther(missing), alpha: alpha, regularization: regularization)
        }

        /// It knows none: users are always projected anew.
        public func withoutUsers() -> Model { self }

        public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
            var room = CoordinateProblem.Room()
            vector.update(repeating: 0, count: items.stride)
            problem.improve(
                vector, indices: user.items[...], ratings: user.ratings[...], row: 0, passes: Self.passes, &room)
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.fixed(problem.alpha.bitPattern)
            writer.fixed(problem.regularization.bitPattern)
            items.encode(to: writer)
            missing.withUnsafeBytes { writer.raw($0) }
        }

        public init(decoding reader: inout ByteReader) throws {
            let alpha = Float(bitPattern: try reader.fixed(UInt32.self))
            let regularization = Float(bitPattern: try reader.fixed(UInt32.self))
            let items = try Matrix(decoding: &reader, columns: Matrix.ranked)
            let missing: [Float] = try reader.array(count: items.rows)
            self.init(items: items, missing: missing, alpha: alpha, regularization: regularization)
        }
    }
}
