public import Events
internal import Linear

extension Ensemble {
    /// The members and their parts in a score.
    public struct Model: RecommenderModel {
        public let itemCount: Int
        /// Of ALS, the neighbourhoods and EASE; they sum to 1.
        public let weights: [Float]
        var als: FactorModel?
        var knn: NeighbourTable?
        var ease: EASE.Model?

        init(itemCount: Int, weights: [Float]) {
            self.itemCount = itemCount
            self.weights = weights
        }

        var hasMember: [Bool] { [als != nil, knn != nil, ease != nil] }

        /// What each member says for all items, divided by its deviation; empty for one that is not there.
        func memberScores(_ user: UserHistory) -> [[Float]] {
            [
                als.map { Self.scores($0) { $0.score(user, into: $1) } } ?? [],
                knn.map { Self.scores($0) { $0.score(user, into: $1) } } ?? [],
                ease.map { Self.scores($0) { $0.score(user, into: $1) } } ?? [],
            ]
        }

        public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
            mix(memberScores(user), into: scores)
        }

        public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
            mix(
                [
                    als.map { Self.scores($0) { $0.similarity(to: item, into: $1) } } ?? [],
                    knn.map { Self.scores($0) { $0.similarity(to: item, into: $1) } } ?? [],
                    ease.map { Self.scores($0) { $0.similarity(to: item, into: $1) } } ?? [],
                ], into: scores)
        }

        private func mix(_ members: [[Float]], into scores: UnsafeMutableBufferPointer<Float>) {
            scores.update(repeating: 0)
            for (weight, member) in zip(weights, members) where weight > 0 && !member.isEmpty {
                member.withUnsafeBufferPointer { member in
                    for item in scores.indices { scores[item] += weight * member[item] }
                }
            }
        }

        private static func scores<M: RecommenderModel>(
            _ model: M, _ body: (M, UnsafeMutableBufferPointer<Float>) -> Void
        ) -> [Float] {
            var scores = [Float](repeating: 0, count: model.itemCount)
            scores.withUnsafeMutableBufferPointer { scores in
                body(model, scores)
                let count = Double(max(scores.count, 1))
                let mean = scores.reduce(0.0) { $0 + Double($1) } / count
                let square = scores.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
                let scale = square > 0 ? Float(1 / square.squareRoot()) : 0
                for item in scores.indices { scores[item] *= scale }
            }
            return scores
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.varint(itemCount)
            for weight in weights { writer.fixed(weight.bitPattern) }
            for isThere in hasMember { writer.byte(isThere ? 1 : 0) }
            als?.encode(to: writer)
            knn?.encode(to: writer)
            ease?.encode(to: writer)
        }

        public init(decoding reader: inout ByteReader) throws {
            itemCount = try reader.count(limit: Int(Int32.max))
            var weights: [Float] = []
            for _ in 0..<Ensemble.members { weights.append(Float(bitPattern: try reader.fixed(UInt32.self))) }
            self.weights = weights
            var isThere: [Bool] = []
            for _ in 0..<Ensemble.members { isThere.append(try reader.byte() == 1) }
            als = isThere[0] ? try FactorModel(decoding: &reader) : nil
            knn = isThere[1] ? try NeighbourTable(decoding: &reader) : nil
            ease = isThere[2] ? try EASE.Model(decoding: &reader) : nil
            let counts = [als?.itemCount, knn?.itemCount, ease?.itemCount].compactMap { $0 }
            guard counts.allSatisfy({ $0 == itemCount }) else { throw ByteReader.Malformed(offset: reader.offset) }
        }
    }
}
