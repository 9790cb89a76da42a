public import Events
public import Linear

extension MatrixFactorization {
    /// Item vectors with biases, and how a user is projected on them: the ridge regression that the steps approach,
    /// `min Σ_own (r − ŷ)² + s Σ_all ŷ² + λ (n + sN) ‖x‖²` with `ŷ = μ + b_i + x·h`, x having the user's bias as its
    /// last number, and s the untouched items that one of the catalogue stood for: `negatives · n / N`. A score is the
    /// predicted rating.
    public struct Model: FoldingModel, RatingModel {
        /// items × (K + 2): `[h, 1, b]`.
        public var items: Matrix { ranking.items }
        /// μ
        public let mean: Float
        public let ranking: VectorRanking
        private let regularization: Float
        private let negatives: Int
        /// `Σ h hᵀ` over all items, and `Σ (μ + b) h`, of the K + 1 columns `[h, 1]`.
        private let gram: Matrix
        private let lean: [Float]

        init(items: Matrix, mean: Float, regularization: Float, negatives: Int) {
            ranking = VectorRanking(items)
            self.mean = mean
            self.regularization = regularization
            self.negatives = negatives
            let gram = items.gram()
            let bias = items.columns - 1
            self.gram = gram
            lean = (0..<bias).map { gram[$0, bias] + mean * gram[$0, bias - 1] }
        }

        public var comparedColumns: Int { items.columns - 2 }

        /// It knows none: users are always projected anew.
        public func withoutUsers() -> Model { self }

        /// Ratings, unless untouched items were learnt as 0 beside them.
        public func predictedRatings(_ user: UserHistory, of items: [Int32]) -> [Float] { scores(user, of: items) }

        /// `[w, b_u + μ, 1]`.
        public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
            let (size, unknowns) = (items.stride, items.columns - 1)
            vector.update(repeating: 0, count: size)
            var square = Matrix(rows: size, columns: size)
            var room = Matrix(rows: 1, columns: size)
            let share = Float(negatives * user.items.count) / Float(max(itemCount, 1))
            let solved = square.withUnsafeMutableBase { square in
                for row in 0..<unknowns {
                    for column in 0..<unknowns { square[row * size + column] = share * gram[row, column] }
                    vector[row] = -share * lean[row]
                }
                for (item, rating) in zip(user.items, user.ratings) {
                    let h = items.row(Int(item))
                    let lack = rating - mean - h[unknowns]
                    for row in 0..<unknowns {
                        Kernels.best.add(h, scaledBy: h[row], to: square + row * size, length: size)
                        vector[row] += lack * h[row]
                    }
                }
                let ridge = regularization * Float(user.items.count) * Float(1 + negatives)
                for row in 0..<size {
                    square[row * size + row] += row < unknowns ? ridge : 1
                    for column in unknowns..<size where row < unknowns { square[row * size + column] = 0 }
                }
                return user.items.isEmpty
                    || room.withUnsafeMutableBase { Kernels.best.solve(square, size: size, room: $0, vector) }
            }
            // Not positive definite: no ridge, and few items. What is left is the items' biases.
            if !solved || !vector[0].isFinite { vector.update(repeating: 0, count: size) }
            vector[unknowns - 1] += mean
            vector[unknowns] = 1
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.fixed(mean.bitPattern)
            writer.fixed(regularization.bitPattern)
            writer.varint(negatives)
            items.encode(to: writer)
        }

        public init(decoding reader: inout ByteReader) throws {
            let mean = Float(bitPattern: try reader.fixed(UInt32.self))
            let regularization = Float(bitPattern: try reader.fixed(UInt32.self))
            let negatives = try reader.count(limit: 1 << 16)
            let items = try Matrix(decoding: &reader, columns: Matrix.ranked)
            guard items.columns >= 3 else { throw ByteReader.Malformed(offset: reader.offset) }
            self.init(items: items, mean: mean, regularization: regularization, negatives: negatives)
        }
    }
}
