internal import Linear

/// A vector a row, with gradients of the rows alone that a batch names.
struct EmbeddingTable: Sendable {
    var table: LearntMatrix
    /// Rows that have a gradient, in the order in which they were named.
    private(set) var touched: [Int32] = []
    private var isTouched: [Bool]

    init(_ values: Matrix, isFrozen: Bool = false) {
        table = LearntMatrix(values, isFrozen: isFrozen)
        isTouched = [Bool](repeating: false, count: isFrozen ? 0 : values.rows)
    }

    /// Normal numbers.
    init(rows: Int, columns: Int, deviation: Double, random: inout RandomStream) {
        var matrix = Matrix(rows: rows, columns: columns)
        matrix.fill(0..<rows) { deviation * random.normal() }
        self.init(matrix)
    }

    func frozen() -> EmbeddingTable { EmbeddingTable(table.values, isFrozen: true) }

    /// Floats of a vector with its padding.
    var stride: Int { table.values.stride }

    /// Writes the vectors that `rows` name into the rows of a batch, from a column that is a multiple of 16.
    func gather(_ rows: UnsafeBufferPointer<Int32>, into batch: inout Matrix, at column: Int = 0) {
        precondition(rows.count <= batch.rows && column % 16 == 0 && column + stride <= batch.stride)
        let (width, size) = (batch.stride, stride)
        withExtendedLifetime(self) {
            let base = table.values.base
            batch.withUnsafeMutableBase { batch in
                var place = 0
                while place < rows.count {
                    (batch + place * width + column).update(from: base + Int(rows[place]) * size, count: size)
                    place += 1
                }
            }
        }
    }

    /// Adds the batch's gradient to the rows that are named, in their order.
    mutating func backward(_ rows: UnsafeBufferPointer<Int32>, _ gradient: Matrix, at column: Int = 0) {
        guard !table.isFrozen else { return }
        precondition(rows.count <= gradient.rows && column % 16 == 0 && column + stride <= gradient.stride)
        isTouched.withUnsafeMutableBufferPointer { isTouched in
            var place = 0
            while place < rows.count {
                let row = Int(rows[place])
                if !isTouched[row] {
                    isTouched[row] = true
                    touched.append(rows[place])
                }
                place += 1
            }
        }
        let (width, size, kernels) = (gradient.stride, stride, Kernels.best)
        withExtendedLifetime(gradient) {
            let source = gradient.base
            table.gradient.withUnsafeMutableBase { sums in
                var place = 0
                while place < rows.count {
                    kernels.add(
                        source + place * width + column, scaledBy: 1, to: sums + Int(rows[place]) * size, length: size)
                    place += 1
                }
            }
        }
    }

    /// To be called when the gradients were taken.
    mutating func forgetTouched() {
        for row in touched { isTouched[Int(row)] = false }
        touched.removeAll(keepingCapacity: true)
    }
}
