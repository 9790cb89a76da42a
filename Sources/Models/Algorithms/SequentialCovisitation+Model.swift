public import Events
internal import Linear

extension SequentialCovisitation {
    /// The counts with the exponents of both sides already in them: `n_j^−b C[j→i] n_i^−a`.
    public struct Model: RecommenderModel {
        /// Where each item's neighbours begin, and the end: items + 1 numbers.
        let offsets: [Int]
        /// Rising within an item.
        let neighbours: [Int32]
        let weights: [Float]
        let recents: Int
        let positionDecay: Float

        init(_ table: CovisitationTable, items: Int, settings: SequentialCovisitation) {
            table.setTargetExponent(Double(settings.targetExponent))
            var offsets = [0]
            var neighbours: [Int32] = []
            var weights: [Float] = []
            for item in 0..<items {
                let norm = table.sourceNorm(CovisitationTable.Item(item), exponent: Double(settings.sourceExponent))
                var row: [(item: Int32, weight: Float)] = []
                table.forEachNeighbour(of: CovisitationTable.Item(item)) { other, count in
                    row.append((Int32(other), norm * count * table.targetNorm(other)))
                }
                // The table's order is that of its hashing.
                row.sort { $0.item < $1.item }
                neighbours += row.map(\.item)
                weights += row.map(\.weight)
                offsets.append(neighbours.count)
            }
            self.offsets = offsets
            self.neighbours = neighbours
            self.weights = weights
            recents = settings.recents
            positionDecay = settings.positionDecay
        }

        public var itemCount: Int { offsets.count - 1 }

        public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
            scores.update(repeating: 0)
            var factor: Float = 1
            for item in user.items.prefix(recents) {
                add(Int(item), times: factor, to: scores)
                factor *= positionDecay
            }
        }

        public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
            scores.update(repeating: 0)
            add(item, times: 1, to: scores)
        }

        private func add(_ item: Int, times factor: Float, to scores: UnsafeMutableBufferPointer<Float>) {
            for place in offsets[item]..<offsets[item + 1] {
                scores[Int(neighbours[place])] += factor * weights[place]
            }
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.varint(recents)
            writer.fixed(positionDecay.bitPattern)
            writer.varint(itemCount)
            for item in 0..<itemCount { writer.varint(offsets[item + 1] - offsets[item]) }
            neighbours.withUnsafeBytes { writer.raw($0) }
            weights.withUnsafeBytes { writer.raw($0) }
        }

        public init(decoding reader: inout ByteReader) throws {
            recents = try reader.count(limit: Int(Int32.max))
            positionDecay = Float(bitPattern: try reader.fixed(UInt32.self))
            let items = try reader.count(limit: Int(Int32.max))
            var offsets = [0]
            for _ in 0..<items { offsets.append(offsets[offsets.count - 1] + (try reader.count(limit: items))) }
            self.offsets = offsets
            neighbours = try reader.array(count: offsets[items])
            weights = try reader.array(count: offsets[items])
            guard neighbours.allSatisfy({ $0 >= 0 && Int($0) < items }) else {
                throw ByteReader.Malformed(offset: reader.offset)
            }
        }
    }
}
