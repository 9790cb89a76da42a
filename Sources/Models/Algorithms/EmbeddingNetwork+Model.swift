public import Events
internal import Linear

extension EmbeddingNetwork {
    /// Both sides, and the vectors that they make of users and items, whose product is the rating. A user who was not in the
    /// histories starts as the mean of all embeddings and takes steps of descent on the ratings of the history, all else
    /// standing still and nothing left out.
    public struct Model: VectorModel, RatingModel, DescentModel {
        let userSide: EmbeddingSide
        let itemSide: EmbeddingSide
        private let learningRate: Float
        private let negatives: Int
        /// users × hidden
        private let users: Matrix
        public let ranking: VectorRanking

        /// Steps for a user who is folded in, each with all the items.
        private static let steps = 60
        /// A user's items that are folded in: the newest.
        private static let itemsMax = 200

        init(users: EmbeddingSide, items: EmbeddingSide, learningRate: Float, negatives: Int) {
            userSide = users.frozen()
            itemSide = items.frozen()
            self.learningRate = learningRate
            self.negatives = negatives
            self.users = userSide.vectors()
            ranking = VectorRanking(itemSide.vectors())
        }

        /// A rectifier may make zeros of what is no number: the sides are looked at too.
        public var isFinite: Bool {
            [userSide, itemSide].allSatisfy {
                $0.table.table.values.isFinite && $0.layer.weights.values.isFinite && $0.layer.bias.values.isFinite
            } && users.isFinite && ranking.items.isFinite
        }

        public func predictedRatings(_ user: UserHistory, of items: [Int32]) -> [Float] { scores(user, of: items) }

        public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
            if let known = user.user, known < users.rows {
                vector.update(from: users.row(known), count: users.stride)
            } else {
                let folded = folded(user).vectors()
                vector.update(from: folded.base, count: folded.stride)
                withExtendedLifetime(folded) {}
            }
        }

        private func folded(_ user: UserHistory) -> EmbeddingSide {
            var side = EmbeddingSide(
                table: EmbeddingTable(userSide.table.table.values.meanRow()), layer: userSide.layer)
            let newest = zip(user.items, user.ratings).prefix(EmbeddingNetwork.Model.itemsMax)
            let own = newest.filter { $0.1 > 0 }.sorted { $0.0 < $1.0 }
            let touched = Interactions(user.items, columns: itemCount)
            guard !own.isEmpty, touched.count < itemCount else { return side }
            let history = Interactions(
                rows: 1, columns: itemCount, offsets: [0, own.count], indices: own.map(\.0), weights: own.map(\.1))
            var items = itemSide
            // The draws depend on the history alone, so one history has one vector.
            var random = RandomStream(seed: own.reduce(0) { $0 &* 31 &+ UInt64($1.0) })
            let size = own.count * (1 + negatives)
            var pass = EmbeddingPass(side, items, batch: DenseLayer.padded(size), dropout: nil)
            let optimizer = Optimizer(.momentum(0), rate: learningRate)
            for _ in 0..<Self.steps {
                let pairs = SampledPairs(history, without: touched, negatives: negatives, random: &random) { $0 }
                _ = pairs?.forEachBatch(of: size) { userRows, itemRows, ratings in
                    _ = pass.run(&side, &items, users: userRows, items: itemRows, ratings: ratings)
                    side.update(optimizer)
                    return true
                }
            }
            return side
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.fixed(learningRate.bitPattern)
            writer.varint(negatives)
            for side in [userSide, itemSide] {
                side.table.table.values.encode(to: writer)
                side.layer.weights.values.encode(to: writer)
                side.layer.bias.values.encode(to: writer)
            }
        }

        public init(decoding reader: inout ByteReader) throws {
            let learningRate = Float(bitPattern: try reader.fixed(UInt32.self))
            let negatives = try reader.count(limit: 1000)
            func side() throws -> EmbeddingSide {
                let (table, weights) = (
                    try Matrix(decoding: &reader), try Matrix(decoding: &reader, columns: Matrix.ranked)
                )
                let bias = try Matrix(decoding: &reader)
                guard weights.rows == table.stride, bias.rows == 1, bias.columns == weights.columns else {
                    throw ByteReader.Malformed(offset: reader.offset)
                }
                return EmbeddingSide(
                    table: EmbeddingTable(table, isFrozen: true),
                    layer: DenseLayer(
                        weights: LearntMatrix(weights, isFrozen: true), bias: LearntMatrix(bias, isFrozen: true)))
            }
            let (users, items) = (try side(), try side())
            guard users.layer.outputs == items.layer.outputs else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
            self.init(users: users, items: items, learningRate: learningRate, negatives: negatives)
        }
    }
}
