internal import Linear

/// Parameters that an optimiser changes: their values, their gradient, and what it remembers of earlier gradients.
struct LearntMatrix: Sendable {
    var values: Matrix
    /// Sums until the optimiser takes it and sets it to zero.
    var gradient: Matrix
    /// Adam's mean of gradients, or the velocity of descent with momentum.
    var first: Matrix
    /// Adam's mean of squared gradients.
    var second: Matrix
    /// Whether it stays as it is; it then has no room for gradients.
    let isFrozen: Bool

    init(_ values: Matrix, isFrozen: Bool = false) {
        self.values = values
        self.isFrozen = isFrozen
        gradient = Matrix(rows: isFrozen ? 0 : values.rows, columns: values.columns)
        first = gradient
        second = gradient
    }

    func frozen() -> LearntMatrix { LearntMatrix(values, isFrozen: true) }
}

extension Matrix {
    /// Sets what stands in the columns of the rows to random numbers.
    mutating func fill(_ rows: Range<Int>, with draw: () -> Double) {
        let (stride, columns) = (stride, columns)
        withUnsafeMutableBase { base in
            for row in rows {
                for column in 0..<columns { base[row * stride + column] = Float(draw()) }
            }
        }
    }
}
