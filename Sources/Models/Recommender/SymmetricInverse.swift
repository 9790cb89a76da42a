internal import Linear

/// Inverts symmetric positive definite matrices, in a copy of them, by the sweep operator (Goodnight, "A Tutorial on the SWEEP
/// Operator", The American Statistician 1979), a block of rows at a time. To sweep a block is to take one step of a block
/// Cholesky factorisation and the step of the inverse that goes with it; the trailing update is a product of matrices, and
/// only the upper triangle is touched. `n³` operations; the same to the bit on all machines and threads.
struct SymmetricInverse {
    let work: ParallelWork
    /// Rows that are swept at once.
    static let block = 128

    /// Replaces a matrix, of which it reads the upper triangle, by minus its inverse, both triangles. False if cancelled,
    /// with the matrix half done. What is not positive definite gives numbers without meaning.
    func negatedInverse(of matrix: inout Matrix, progress: (Double) -> Void) -> Bool {
        let (count, stride) = (matrix.rows, matrix.stride)
        precondition(count == matrix.columns)
        var panel = Matrix(rows: Self.block, columns: count)
        var swept = Matrix(rows: Self.block, columns: count)
        // Tiles are a multiple of 8 rows high: the last ones are padded.
        var padded = Matrix(rows: (count + 15) / 16 * 16, columns: count)
        padded.copyRows(of: matrix)
        for start in Swift.stride(from: 0, to: count, by: Self.block) {
            let rows = start..<min(start + Self.block, count)
            let done = padded.withUnsafeMutableBase { square in
                panel.withUnsafeMutableBase { panel in
                    swept.withUnsafeMutableBase { swept in
                        sweep(
                            rows, SharedPointer(base: square), SharedPointer(base: panel), SharedPointer(base: swept),
                            count: count, stride: stride)
                    }
                }
            }
            guard done else { return false }
            progress(Double(rows.upperBound) / Double(count))
        }
        matrix.mirror(upper: padded)
        return true
    }

    private func sweep(
        _ rows: Range<Int>, _ square: SharedPointer, _ panel: SharedPointer, _ swept: SharedPointer, count: Int,
        stride: Int
    ) -> Bool {
        gather(rows, square.base, into: panel.base, count: count, stride: stride)
        var pivot = DenseBlock(rows, of: square.base, stride: stride)
        pivot.invert()
        swept.base.update(repeating: 0, count: Self.block * stride)
        let inverse = pivot.matrix(rows: Self.block)
        Kernels.best.multiplyAdd(
            rows: Self.block, columns: stride, depth: rows.count, inverse.base, rowStep: inverse.stride, depthStep: 1,
            panel.base, stride: stride, into: swept.base, stride: stride)
        // The product is to be taken away.
        for place in 0..<(rows.count * stride) { panel.base[place].negate() }
        let height = 32
        let done = work.run(pieces: (count + height - 1) / height) { next in
            while let piece = next() {
                let first = piece * height
                let last = min(first + height, (count + 7) / 8 * 8)
                let column = first / 16 * 16
                Kernels.best.multiplyAdd(
                    rows: last - first, columns: stride - column, depth: rows.count, panel.base + first, rowStep: 1,
                    depthStep: stride, swept.base + column, stride: stride,
                    into: square.base + first * stride + column, stride: stride)
            }
        }
        guard done else { return false }
        scatter(rows, swept.base, pivot, into: square.base, count: count, stride: stride)
        return true
    }

    /// The block's rows over all columns, 0 in its own: what stands left of the diagonal stands above it too.
    private func gather(
        _ rows: Range<Int>, _ square: UnsafeMutablePointer<Float>, into panel: UnsafeMutablePointer<Float>, count: Int,
        stride: Int
    ) {
        panel.update(repeating: 0, count: Self.block * stride)
        for column in 0..<rows.lowerBound {
            for (line, row) in rows.enumerated() { panel[line * stride + column] = square[column * stride + row] }
        }
        for (line, row) in rows.enumerated() where rows.upperBound < count {
            (panel + line * stride + rows.upperBound).update(
                from: square + row * stride + rows.upperBound, count: count - rows.upperBound)
        }
    }

    private func scatter(
        _ rows: Range<Int>, _ swept: UnsafeMutablePointer<Float>, _ pivot: DenseBlock,
        into square: UnsafeMutablePointer<Float>, count: Int, stride: Int
    ) {
        for column in 0..<rows.lowerBound {
            for (line, row) in rows.enumerated() { square[column * stride + row] = swept[line * stride + column] }
        }
        for (line, row) in rows.enumerated() {
            if rows.upperBound < count {
                (square + row * stride + rows.upperBound).update(
                    from: swept + line * stride + rows.upperBound, count: count - rows.upperBound)
            }
            for (other, column) in rows.enumerated() {
                square[row * stride + column] = -Float(pivot[line, other])
            }
        }
    }
}

/// A small symmetric matrix in double precision.
private struct DenseBlock {
    private let size: Int
    private var values: [Double]

    /// The block on the diagonal, from its upper triangle.
    init(_ rows: Range<Int>, of square: UnsafeMutablePointer<Float>, stride: Int) {
        let first = rows.lowerBound
        size = rows.count
        values = Array(repeating: 0, count: size * size)
        for row in 0..<size {
            for column in row..<size {
                let value = Double(square[(first + row) * stride + first + column])
                values[row * size + column] = value
                values[column * size + row] = value
            }
        }
    }

    subscript(row: Int, column: Int) -> Double { values[row * size + column] }

    /// Sweeps the rows one by one.
    mutating func invert() {
        values.withUnsafeMutableBufferPointer { values in
            for pivot in 0..<size {
                let inverse = 1 / values[pivot * size + pivot]
                for row in 0..<size where row != pivot {
                    let factor = values[row * size + pivot] * inverse
                    for column in 0..<size where column != pivot {
                        values[row * size + column] -= factor * values[pivot * size + column]
                    }
                }
                for other in 0..<size where other != pivot {
                    values[pivot * size + other] *= inverse
                    values[other * size + pivot] *= inverse
                }
                values[pivot * size + pivot] = -inverse
            }
            for place in values.indices { values[place].negate() }
        }
    }

    /// In single precision, with rows of zeros below.
    func matrix(rows: Int) -> Matrix {
        var result = Matrix(rows: rows, columns: size)
        for row in 0..<size {
            for column in 0..<size { result[row, column] = Float(self[row, column]) }
        }
        return result
    }
}

extension Matrix {
    /// Takes the rows of a matrix of as many columns.
    fileprivate mutating func copyRows(of other: Matrix) {
        precondition(other.columns == columns && other.rows <= rows)
        let count = other.rows * stride
        withUnsafeMutableBase { $0.update(from: other.base, count: count) }
    }
}
