internal import Linear

extension ImplicitALS {
    /// Rows that a thread takes at once, and that conjugate gradients step together: what a kernel's tile holds.
    static let blockRows = 8

    /// Solves every row of `target` against the other side's factors. False if cancelled.
    func solve(_ target: inout Matrix, _ interactions: Interactions, against other: Matrix, _ work: ParallelWork)
        -> Bool
    {
        precondition(target.rows == interactions.rows && other.rows == interactions.columns)
        guard let gram = gram(of: other, work) else { return false }
        let problem = RowProblem(model: self, interactions: interactions, other: other, gram: gram)
        let rows = target.rows
        let blocks = (rows + Self.blockRows - 1) / Self.blockRows
        return target.withUnsafeMutableBase { base in
            let target = SharedPointer(base: base)
            return work.run(pieces: blocks) { next in
                switch solver {
                case .cholesky:
                    let solver = FoldInSolver(columns: factors)
                    while let block = next() {
                        let part = block * Self.blockRows..<min((block + 1) * Self.blockRows, rows)
                        problem.solveExactly(part, solver, into: target.base)
                    }
                case .conjugateGradient(let steps):
                    let gradients = ConjugateGradients(problem: problem, steps: steps)
                    while let block = next() {
                        let part = block * Self.blockRows..<min((block + 1) * Self.blockRows, rows)
                        gradients.solve(part, in: target.base)
                    }
                case .blocks(let size):
                    let newton = BlockNewton(problem: problem, size: size)
                    while let block = next() {
                        let part = block * Self.blockRows..<min((block + 1) * Self.blockRows, rows)
                        for row in part { newton.solve(row, in: target.base) }
                    }
                }
            }
        }
    }

    /// `α₀ HᵀH`, or nil if cancelled. Each thread sums some rows of it.
    func gram(of other: Matrix, _ work: ParallelWork) -> Matrix? {
        var square = Matrix(rows: other.stride, columns: other.columns)
        // Each part reads all the rows, so parts are no smaller than threads need; a chunk of rows is a few ms of one.
        let height = max(other.stride / 128 * 16, 16)
        let parts = (other.stride + height - 1) / height
        let chunk = 8192
        for first in stride(from: 0, to: other.rows, by: chunk) {
            let rows = first..<min(first + chunk, other.rows)
            let done = square.withUnsafeMutableBase { base in
                let target = SharedPointer(base: base)
                return work.run(pieces: parts) { next in
                    // Lower rows of the upper triangle are shorter; the long ones go first.
                    while let part = next() {
                        other.addGram(
                            of: rows, to: part * height..<min((part + 1) * height, other.stride), in: target.base)
                    }
                }
            }
            guard done else { return nil }
        }
        var result = Matrix(rows: other.columns, columns: other.columns)
        result.mirror(upper: square, scale: unobservedWeight)
        return result
    }
}

/// What every row of one half of a sweep shares.
struct RowProblem: Sendable {
    let model: ImplicitALS
    let interactions: Interactions
    let other: Matrix
    let gram: Matrix

    func ridge(_ row: Int) -> Float {
        model.ridge(count: interactions.range(of: row).count, others: other.rows)
    }

    func solveExactly(_ part: Range<Int>, _ solver: FoldInSolver, into target: UnsafeMutablePointer<Float>) {
        interactions.indices.withUnsafeBufferPointer { indices in
            interactions.weights.withUnsafeBufferPointer { weights in
                for row in part {
                    let range = interactions.range(of: row)
                    let vector = target + row * other.stride
                    let solved = solver.solve(
                        gram: gram, ridge: ridge(row), factors: other,
                        indices: UnsafeBufferPointer(rebasing: indices[range]),
                        weights: UnsafeBufferPointer(rebasing: weights[range]), into: vector)
                    // Not positive definite: no ridge, and fewer rows than factors. Nothing is known of this row.
                    if !solved { vector.update(repeating: 0, count: other.stride) }
                }
            }
        }
    }
}
