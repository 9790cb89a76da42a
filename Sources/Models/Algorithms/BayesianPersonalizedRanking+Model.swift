public import Events
public import Linear

extension BayesianPersonalizedRanking {
    /// Vectors of users and items. A user of the histories has a vector; another one is folded in by the very steps that
    /// learnt the others, the items standing still.
    public struct Model: FoldingModel {
        /// users × (K + 1), the last of each 1.
        public let users: Matrix
        /// items × (K + 1), the last of each its bias.
        public var items: Matrix { ranking.items }
        public let ranking: VectorRanking
        private let learningRate: Float
        private let regularization: Float

        /// Steps for each item of a user who is folded in.
        private static let passes = 30

        init(_ factors: Factors, learningRate: Float, regularization: Float) {
            users = factors.users ?? Matrix(rows: 0, columns: factors.items.columns)
            ranking = VectorRanking(factors.items)
            self.learningRate = learningRate
            self.regularization = regularization
        }

        public var comparedColumns: Int { items.columns - 1 }

        public func withoutUsers() -> Model {
            let nobody = Matrix(rows: 0, columns: items.columns)
            return Model(
                Factors(users: nobody, items: items), learningRate: learningRate, regularization: regularization)
        }

        public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
            let (size, bias) = (items.stride, items.columns - 1)
            if let known = user.user, known < users.rows {
                vector.update(from: users.row(known), count: size)
                return
            }
            vector.update(repeating: 0, count: size)
            vector[bias] = 1
            let own = Set(user.items)
            guard own.count < itemCount else { return }
            // The draws depend on the history alone, so one history has one vector.
            var random = RandomStream(seed: user.items.reduce(0) { $0 &* 31 &+ UInt64($1) })
            let (kernels, shrink) = (Kernels.best, 1 - learningRate * regularization)
            let weights = user.shares
            for _ in 0..<Self.passes {
                for (item, weight) in zip(user.items, weights) {
                    var other = Int32(random.below(itemCount))
                    while own.contains(other) { other = (other + 1) % Int32(itemCount) }
                    let (i, j) = (items.row(Int(item)), items.row(Int(other)))
                    let difference = kernels.dot(vector, i, length: size) - kernels.dot(vector, j, length: size)
                    let pull = weight * learningRate * PairwiseLearner.sigmoid(-difference)
                    kernels.mix(i, pull, into: vector, shrink, length: size)
                    kernels.add(j, scaledBy: -pull, to: vector, length: size)
                    vector[bias] = 1
                }
            }
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.fixed(learningRate.bitPattern)
            writer.fixed(regularization.bitPattern)
            users.encode(to: writer)
            items.encode(to: writer)
        }

        public init(decoding reader: inout ByteReader) throws {
            let learningRate = Float(bitPattern: try reader.fixed(UInt32.self))
            let regularization = Float(bitPattern: try reader.fixed(UInt32.self))
            let users = try Matrix(decoding: &reader, columns: Matrix.ranked)
            let items = try Matrix(decoding: &reader, columns: Matrix.ranked)
            guard users.columns == items.columns else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            self.init(
                Factors(users: users, items: items), learningRate: learningRate, regularization: regularization)
        }
    }
}
