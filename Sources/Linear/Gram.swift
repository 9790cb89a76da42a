internal import CKernels

extension Matrix {
    /// `HᵀH` of this matrix H, both triangles. Rows are summed 128 at a time, in order, so the result depends on neither
    /// machine nor threads.
    public func gram(kernels: Kernels = .best) -> Matrix {
        var result = Matrix(rows: columns, columns: columns)
        var partial = Matrix(rows: stride, columns: columns)
        partial.withUnsafeMutableBase { addGram(of: 0..<rows, to: 0..<stride, in: $0, kernels: kernels) }
        result.mirror(upper: partial)
        return result
    }

    /// Adds the Gram matrix of the rows `rows` of this one, above its diagonal, to the rows `part` (ends are multiples of 8
    /// and at most `stride`) of a stride × stride square. Threads may share the square, each with a part of its own. Where
    /// `rows` is taken in pieces, in order, all but the last of a multiple of 128, the sum is the same to the bit.
    public func addGram(
        of rows: Range<Int>, to part: Range<Int>, in square: UnsafeMutablePointer<Float>, kernels: Kernels = .best
    ) {
        precondition(part.lowerBound % 8 == 0 && part.upperBound % 8 == 0 && part.upperBound <= stride)
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        fk_gram(
            kernels.rawValue, base + rows.lowerBound * stride, stride, rows.count, part.lowerBound, part.upperBound,
            stride, square, stride)
    }

    /// Takes the upper triangle of `square` for both triangles of this one.
    public mutating func mirror(upper square: Matrix, scale: Float = 1) {
        precondition(rows == columns && square.stride == stride && square.rows >= rows)
        let (rows, columns, stride) = (rows, columns, stride)
        withUnsafeMutableBase { base in
            for i in 0..<rows {
                for j in i..<columns {
                    let value = square.base[i * stride + j] * scale
                    base[i * stride + j] = value
                    base[j * stride + i] = value
                }
            }
        }
    }
}
