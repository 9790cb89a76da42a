internal import CKernels

extension Matrix {
    /// `HᵀH` of this matrix H, both triangles. Rows are summed 128 at a time, in order, so the result depends on neither
    /// machine nor threads.
    public func gram(kernels: Kernels = .best) -> Matrix {
        var result = Matrix(rows: columns, columns: columns)
        var partial = Matrix(rows: stride, columns: columns)
        partial.withUnsafeMutableBase { gramRows(0..<stride, into: $0, kernels: kernels) }
        result.mirror(upper: partial)
        return result
    }

    /// The part of the Gram matrix above its diagonal in the rows `part`, whose ends are multiples of 8 and at most
    /// `stride`, into a zeroed stride × stride square. Threads may share the square: each takes rows of its own.
    public func gramRows(_ part: Range<Int>, into square: UnsafeMutablePointer<Float>, kernels: Kernels = .best) {
        precondition(part.lowerBound % 8 == 0 && part.upperBound % 8 == 0 && part.upperBound <= stride)
        fk_gram(
            kernels.rawValue, base, stride, rows, part.lowerBound, part.upperBound, stride, square, stride)
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
