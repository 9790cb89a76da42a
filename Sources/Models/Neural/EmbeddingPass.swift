internal import Linear

/// A batch on its way through both sides of an `EmbeddingNetwork`, the product, the sum, and back.
struct EmbeddingPass {
    private var users: EmbeddingSide.Pass
    private var items: EmbeddingSide.Pass
    private var output: Matrix
    private var outputGradient: Matrix

    /// - Parameter dropout: of each side; nil for none.
    init(
        _ userSide: EmbeddingSide, _ itemSide: EmbeddingSide, batch: Int, dropout: (users: Dropout, items: Dropout)?
    ) {
        users = EmbeddingSide.Pass(userSide, batch: batch, dropout: dropout?.users)
        items = EmbeddingSide.Pass(itemSide, batch: batch, dropout: dropout?.items)
        output = Matrix(rows: batch, columns: 1)
        outputGradient = output
    }

    /// Leaves the gradients of the squared loss in the sides.
    /// - Returns: the ratings as they were predicted, batch × 1.
    mutating func run(
        _ userSide: inout EmbeddingSide, _ itemSide: inout EmbeddingSide, users userRows: UnsafeBufferPointer<Int32>,
        items itemRows: UnsafeBufferPointer<Int32>, ratings: UnsafeBufferPointer<Float>
    ) -> Matrix {
        users.forward(userSide, userRows)
        items.forward(itemSide, itemRows)
        let (left, right, kernels) = (users.output, items.output, Kernels.best)
        let (length, width) = (left.stride, output.stride)
        output.withUnsafeMutableBase { output in
            for row in userRows.indices {
                output[row * width] = kernels.dot(left.row(row), right.row(row), length: length)
            }
        }
        Loss.squared.differentiate(output, ratings, into: &outputGradient)
        let slopes = outputGradient
        Self.scale(right, by: slopes, into: &users.outputGradient, count: userRows.count)
        Self.scale(left, by: slopes, into: &items.outputGradient, count: userRows.count)
        users.backward(&userSide, userRows)
        items.backward(&itemSide, itemRows)
        return output
    }

    /// `out[row] = slopes[row] · batch[row]`.
    private static func scale(_ batch: Matrix, by slopes: Matrix, into out: inout Matrix, count: Int) {
        let length = batch.stride
        out.withUnsafeMutableBase { out in
            for row in 0..<count {
                Kernels.best.mix(batch.row(row), slopes.row(row)[0], into: out + row * length, 0, length: length)
            }
        }
        withExtendedLifetime((batch, slopes)) {}
    }
}
