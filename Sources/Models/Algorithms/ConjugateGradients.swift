internal import Linear

/// Conjugate gradients on the normal equations of up to eight rows at a time: the product with the Gram matrix, which
/// they share, is one product of matrices. Owns its workspace: one a thread.
final class ConjugateGradients {
    private let problem: RowProblem
    private let steps: Int
    private let kernels = Kernels.best
    private let size: Int
    private let residuals: UnsafeMutablePointer<Float>
    private let directions: UnsafeMutablePointer<Float>
    private let images: UnsafeMutablePointer<Float>
    private var matrices: [Matrix]
    private var squares = [Float](repeating: 0, count: ImplicitALS.blockRows)

    init(problem: RowProblem, steps: Int) {
        self.problem = problem
        self.steps = steps
        size = problem.other.stride
        matrices = (0..<3).map { _ in Matrix(rows: ImplicitALS.blockRows, columns: problem.other.stride) }
        residuals = matrices[0].withUnsafeMutableBase { $0 }
        directions = matrices[1].withUnsafeMutableBase { $0 }
        images = matrices[2].withUnsafeMutableBase { $0 }
    }

    /// Improves the vectors of `part` in place.
    func solve(_ part: Range<Int>, in target: UnsafeMutablePointer<Float>) {
        withExtendedLifetime(matrices) {
            problem.interactions.indices.withUnsafeBufferPointer { indices in
                problem.interactions.weights.withUnsafeBufferPointer { weights in
                    start(part, target, indices.baseAddress, weights.baseAddress)
                    for _ in 0..<steps { step(part, target, indices.baseAddress, weights.baseAddress) }
                }
            }
        }
    }

    /// The residual `Σ c (1 − h·x) h − G x − ridge x` is the first direction.
    private func start(
        _ part: Range<Int>, _ target: UnsafeMutablePointer<Float>, _ indices: UnsafePointer<Int32>?,
        _ weights: UnsafePointer<Float>?
    ) {
        directions.update(repeating: 0, count: ImplicitALS.blockRows * size)
        for (lane, row) in part.enumerated() {
            (directions + lane * size).update(from: target + row * size, count: size)
        }
        multiplyByGram(part)
        residuals.update(repeating: 0, count: ImplicitALS.blockRows * size)
        for (lane, row) in part.enumerated() {
            let residual = residuals + lane * size
            kernels.add(images + lane * size, scaledBy: -1, to: residual, length: size)
            let range = problem.interactions.range(of: row)
            if let indices, let weights, !range.isEmpty {
                kernels.apply(
                    problem.other, rows: indices + range.lowerBound, weights: weights + range.lowerBound,
                    count: range.count, target: 1, sign: -1, x: directions + lane * size, into: residual)
            }
            squares[lane] = kernels.dot(residual, residual, length: size)
        }
        directions.update(from: residuals, count: ImplicitALS.blockRows * size)
    }

    private func step(
        _ part: Range<Int>, _ target: UnsafeMutablePointer<Float>, _ indices: UnsafePointer<Int32>?,
        _ weights: UnsafePointer<Float>?
    ) {
        multiplyByGram(part)
        for (lane, row) in part.enumerated() {
            let (direction, image, residual) = (
                directions + lane * size, images + lane * size, residuals + lane * size
            )
            let range = problem.interactions.range(of: row)
            if let indices, let weights, !range.isEmpty {
                kernels.apply(
                    problem.other, rows: indices + range.lowerBound, weights: weights + range.lowerBound,
                    count: range.count, target: 0, sign: 1, x: direction, into: image)
            }
            let curvature = kernels.dot(direction, image, length: size)
            // Solved already, or nothing to solve: dividing would only make noise.
            guard curvature > 1e-30, squares[lane] > 1e-30 else { continue }
            let length = squares[lane] / curvature
            kernels.add(direction, scaledBy: length, to: target + row * size, length: size)
            kernels.add(image, scaledBy: -length, to: residual, length: size)
            let square = kernels.dot(residual, residual, length: size)
            kernels.replace(direction, scaledBy: square / squares[lane], plus: residual, length: size)
            squares[lane] = square
        }
    }

    /// `images = (G + ridge I) directions`.
    private func multiplyByGram(_ part: Range<Int>) {
        images.update(repeating: 0, count: ImplicitALS.blockRows * size)
        kernels.multiplyAdd(
            rows: ImplicitALS.blockRows, columns: size, depth: problem.other.columns, directions, rowStep: size,
            depthStep: 1, problem.gram.base, stride: problem.gram.stride, into: images, stride: size)
        for (lane, row) in part.enumerated() {
            kernels.add(directions + lane * size, scaledBy: problem.ridge(row), to: images + lane * size, length: size)
        }
    }
}
