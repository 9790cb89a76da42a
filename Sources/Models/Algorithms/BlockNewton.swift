internal import Linear

/// Newton steps of iALS++ on the columns of a row, one block of columns after another: `x_π −= H⁻¹ g` with
/// `H = G_ππ + Σ c h_π h_πᵀ + ridge I` and `g = G_π x + Σ c (h·x − 1) h_π + ridge x_π`. The predictions h·x of a row's
/// interactions are kept up to date between blocks. Owns its workspace: one a thread.
final class BlockNewton {
    private let problem: RowProblem
    private let kernels = Kernels.best
    /// Columns of a block, a multiple of 16: a block of a row is aligned as a row is, and its padding is zeros.
    private let width: Int
    private var square: Matrix
    private var room: Matrix
    private var step: Matrix
    /// Of up to `chunk` interactions: their vectors' columns of the block, plain and times their confidences.
    private var plain: Matrix
    private var weighted: Matrix
    private var predictions: [Float] = []

    private static let chunk = 64

    init(problem: RowProblem, size: Int) {
        precondition(size > 0, "a block has columns")
        self.problem = problem
        width = (min(size, problem.other.columns) + 15) / 16 * 16
        square = Matrix(rows: width, columns: width)
        room = Matrix(rows: 1, columns: width)
        step = Matrix(rows: 1, columns: width)
        plain = Matrix(rows: Self.chunk, columns: width)
        weighted = Matrix(rows: Self.chunk, columns: width)
    }

    /// Improves the vector of a row in place.
    func solve(_ row: Int, in target: UnsafeMutablePointer<Float>) {
        let other = problem.other
        let vector = target + row * other.stride
        let range = problem.interactions.range(of: row)
        guard !range.isEmpty else {
            vector.update(repeating: 0, count: other.stride)
            return
        }
        if predictions.count < range.count { predictions = Array(repeating: 0, count: range.count) }
        problem.interactions.indices.withUnsafeBufferPointer { indices in
            guard let indices = indices.baseAddress else { return }
            predictions.withUnsafeMutableBufferPointer { predictions in
                guard let predictions = predictions.baseAddress else { return }
                kernels.dot(
                    other, rows: indices + range.lowerBound, count: range.count, vector, into: predictions)
                for first in stride(from: 0, to: other.columns, by: width) {
                    improve(first..<min(first + width, other.columns), row, vector, predictions)
                }
            }
        }
    }

    private func improve(
        _ columns: Range<Int>, _ row: Int, _ vector: UnsafeMutablePointer<Float>,
        _ predictions: UnsafeMutablePointer<Float>
    ) {
        let (other, gram, ridge) = (problem.other, problem.gram, problem.ridge(row))
        let range = problem.interactions.range(of: row)
        let length = min(width, other.stride - columns.lowerBound)
        if length < width {
            // The last block may be narrower: what the one before it left behind its columns goes.
            plain.withUnsafeMutableBase { $0.update(repeating: 0, count: Self.chunk * width) }
            weighted.withUnsafeMutableBase { $0.update(repeating: 0, count: Self.chunk * width) }
        }
        step.withUnsafeMutableBase { step in
            square.withUnsafeMutableBase { square in
                square.update(repeating: 0, count: width * width)
                step.update(repeating: 0, count: width)
                for (line, column) in columns.enumerated() {
                    let source = gram.row(column)
                    (square + line * width).update(from: source + columns.lowerBound, count: length)
                    step[line] = -kernels.dot(source, vector, length: gram.stride) - ridge * vector[column]
                }
                for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.chunk) {
                    add(start..<min(start + Self.chunk, range.upperBound), range, columns, square, step, predictions)
                }
                for line in 0..<width { square[line * width + line] += line < columns.count ? ridge : 1 }
                let solved = room.withUnsafeMutableBase { kernels.solve(square, size: width, room: $0, step) }
                // Not positive definite: no ridge, and fewer interactions than columns. The block stays as it was.
                guard solved, (0..<columns.count).allSatisfy({ step[$0].isFinite }) else { return }
                for (line, column) in columns.enumerated() { vector[column] += step[line] }
                for (place, n) in range.enumerated() {
                    let source = other.row(Int(problem.interactions.indices[n])) + columns.lowerBound
                    predictions[place] += kernels.dot(source, step, length: length)
                }
            }
        }
    }

    /// Adds what some interactions say to H and to −g.
    private func add(
        _ part: Range<Int>, _ range: Range<Int>, _ columns: Range<Int>, _ square: UnsafeMutablePointer<Float>,
        _ step: UnsafeMutablePointer<Float>, _ predictions: UnsafeMutablePointer<Float>
    ) {
        let length = min(width, problem.other.stride - columns.lowerBound)
        plain.withUnsafeMutableBase { plain in
            weighted.withUnsafeMutableBase { weighted in
                for (line, n) in part.enumerated() {
                    let source = problem.other.row(Int(problem.interactions.indices[n])) + columns.lowerBound
                    let weight = problem.interactions.weights[n]
                    (plain + line * width).update(from: source, count: length)
                    kernels.mix(source, weight, into: weighted + line * width, 0, length: length)
                    kernels.add(
                        source, scaledBy: weight * (1 - predictions[n - range.lowerBound]), to: step, length: length)
                }
                kernels.multiplyAdd(
                    rows: width, columns: width, depth: part.count, weighted, rowStep: 1, depthStep: width, plain,
                    stride: width, into: square, stride: width)
            }
        }
    }
}
