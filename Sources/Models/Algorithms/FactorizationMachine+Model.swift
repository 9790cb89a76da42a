public import Events
public import Linear

extension FactorizationMachine {
    /// A machine served as nearest neighbours: with `s` the sum of a side's vectors and c what the side says by itself,
    /// `y = w₀ + c_user + c_item + s_user · s_item`, so for one user the dot product of `[s_user, 1]` and `[s_item,
    /// c_item]` ranks items exactly as y does. A stranger gets a vector of the user's own by the steps of the training, the
    /// machine standing still.
    public struct Model: FoldingModel {
        let features: FeatureTable
        let parameters: FactorizationParameters
        public let ranking: VectorRanking
        private let learningRate: Float
        private let regularization: Float

        /// Steps for each item of a user who is folded in, and as many for an untouched one.
        private static let passes = 20

        init(
            _ features: FeatureTable, _ parameters: FactorizationParameters, learningRate: Float,
            regularization: Float
        ) {
            self.features = features
            self.parameters = parameters
            self.learningRate = learningRate
            self.regularization = regularization
            var items = Matrix(rows: features.items, columns: parameters.factors + 1)
            let (stride, last) = (items.stride, parameters.factors)
            items.withUnsafeMutableBase { base in
                for item in 0..<features.items {
                    let (sum, value) = parameters.part(features.features(of: item))
                    for column in 0..<last { base[item * stride + column] = sum[column] }
                    base[item * stride + last] = value
                }
            }
            ranking = VectorRanking(items)
        }

        public var comparedColumns: Int { items.columns - 1 }

        public func withoutUsers() -> Model {
            Model(
                features.withoutUsers(),
                FactorizationParameters(offset: parameters.offset, rows: parameters.rows.dropping(features.users)),
                learningRate: learningRate, regularization: regularization)
        }

        /// items × (K + 1): `[s_item, c_item]`.
        public var items: Matrix { ranking.items }

        /// Both: what was learnt of a category or a brand says more by the item that was touched last than by the user, and on a
        /// shop's stream most of it.
        public func served(
            neighbours count: Int, threads: Int, isCancelled: @escaping @Sendable () -> Bool
        ) -> ServedParts? {
            nearest(count, threads: threads, isCancelled: isCancelled).map {
                ServedParts(factors: centredFactors, neighbours: $0)
            }
        }

        public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
            let known = features.features(of: user)
            let (sum, value) = parameters.part(known)
            vector.update(repeating: 0, count: items.stride)
            for column in 0..<parameters.factors { vector[column] = sum[column] }
            let isStranger = user.user.map { $0 >= features.users } ?? true
            if isStranger, !user.items.isEmpty { foldIn(user, value: parameters.offset + value, into: vector) }
            vector[parameters.factors] = 1
        }

        /// Adds a vector of the user's own to what the user's features say.
        private func foldIn(_ user: UserHistory, value: Float, into vector: UnsafeMutablePointer<Float>) {
            let (size, last, kernels) = (items.stride, parameters.factors, Kernels.best)
            let (own, weights) = (Set(user.items), user.shares)
            guard own.count < itemCount else { return }
            var base = Matrix(rows: 1, columns: last + 1)
            var mine = Matrix(rows: 1, columns: last + 1)
            // The draws depend on the history alone, so one history has one vector.
            var random = RandomStream(seed: user.items.reduce(0) { $0 &* 31 &+ UInt64($1) })
            base.withUnsafeMutableBase { base in
                mine.withUnsafeMutableBase { mine in
                    base.update(from: vector, count: size)
                    func step(_ item: Int, _ target: Float, _ weight: Float) {
                        let row = items.row(item)
                        vector[last] = 1
                        let y =
                            value + mine[last] + kernels.dot(vector, row, length: size)
                            + kernels.dot(mine, base, length: size)
                        let pull = weight * learningRate * (target - PairwiseLearner.sigmoid(y))
                        let own = mine[last]
                        kernels.mix(row, pull, into: mine, 1 - learningRate * regularization, length: size)
                        kernels.add(base, scaledBy: pull, to: mine, length: size)
                        mine[last] = own * (1 - learningRate * regularization) + pull
                        vector.update(from: base, count: size)
                        kernels.add(mine, scaledBy: 1, to: vector, length: size)
                    }
                    for _ in 0..<Self.passes {
                        for (item, weight) in zip(user.items, weights) {
                            step(Int(item), 1, weight)
                            var other = Int32(random.below(itemCount))
                            while own.contains(other) { other = (other + 1) % Int32(itemCount) }
                            step(Int(other), 0, weight)
                        }
                    }
                }
            }
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.fixed(learningRate.bitPattern)
            writer.fixed(regularization.bitPattern)
            writer.fixed(parameters.offset.bitPattern)
            features.encode(to: writer)
            parameters.rows.encode(to: writer)
        }

        public init(decoding reader: inout ByteReader) throws {
            let learningRate = Float(bitPattern: try reader.fixed(UInt32.self))
            let regularization = Float(bitPattern: try reader.fixed(UInt32.self))
            let offset = Float(bitPattern: try reader.fixed(UInt32.self))
            let features = try FeatureTable(decoding: &reader)
            let rows = try Matrix(decoding: &reader, columns: Matrix.ranked)
            guard rows.rows == features.count, rows.columns >= 2 else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            self.init(
                features, FactorizationParameters(offset: offset, rows: rows), learningRate: learningRate,
                regularization: regularization)
        }
    }
}
