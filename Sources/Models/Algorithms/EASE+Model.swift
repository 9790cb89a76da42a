public import Events
public import Linear

extension EASE {
    /// Scores by the user's items: `Σ_j B_ji`. Keeps `−P`, which is symmetric, and divides by `P_ii` when it scores, so
    /// that half of it is saved.
    public struct Model: RecommenderModel {
        /// `−(XᵀX + λI)⁻¹`, items × items.
        public let negatedInverse: Matrix

        /// Takes what `EASE.train` returns.
        public init(_ negatedInverse: Matrix) {
            precondition(negatedInverse.rows == negatedInverse.columns)
            self.negatedInverse = negatedInverse
        }

        public var itemCount: Int { negatedInverse.rows }

        /// B_ji, what item j says for item i; 0 on the diagonal.
        public func weight(from j: Int, to i: Int) -> Float {
            i == j ? 0 : -negatedInverse[j, i] / negatedInverse[i, i]
        }

        public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
            var sums = Matrix(rows: 1, columns: itemCount)
            let (size, kernels) = (sums.stride, Kernels.best)
            sums.withUnsafeMutableBase { sums in
                withExtendedLifetime(negatedInverse) {
                    for item in user.items {
                        kernels.add(negatedInverse.row(Int(item)), scaledBy: 1, to: sums, length: size)
                    }
                    for item in user.items {
                        sums[Int(item)] -= negatedInverse.row(Int(item))[Int(item)]
                    }
                    for item in scores.indices { scores[item] = -sums[item] / negatedInverse.row(item)[item] }
                }
            }
        }

        public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
            for other in scores.indices { scores[other] = weight(from: item, to: other) }
        }

        // MARK: - Saving

        public func encode(to writer: ByteWriter) {
            writer.varint(itemCount)
            for item in 0..<itemCount {
                let upper = UnsafeBufferPointer(start: negatedInverse.row(item) + item, count: itemCount - item)
                writer.raw(UnsafeRawBufferPointer(upper))
            }
        }

        public init(decoding reader: inout ByteReader) throws {
            let count = try reader.count(limit: 65_536)
            // What the bytes cannot hold is not asked room for.
            let triangle: [Float] = try reader.array(count: count * (count + 1) / 2)
            var matrix = Matrix(rows: count, columns: count)
            let stride = matrix.stride
            matrix.withUnsafeMutableBase { base in
                var place = 0
                for row in 0..<count {
                    for column in row..<count {
                        base[row * stride + column] = triangle[place]
                        base[column * stride + row] = triangle[place]
                        place += 1
                    }
                }
            }
            self.init(matrix)
        }
    }
}
