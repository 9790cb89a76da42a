internal import CKernels

/// Projects a user onto item factors: `(G + Σ c h hᵀ + ridge I)⁻¹ Σ c h` (Hu, Koren, Volinsky, ICDM 2008, eq. 4, with
/// targets of 1). A solver owns its workspace: one a thread.
public final class FoldInSolver {
    /// Of the factors.
    public let columns: Int
    public let kernels: Kernels
    private let size: Int
    private let work: UnsafeMutablePointer<Float>
    private let solution: UnsafeMutablePointer<Float>

    /// - Parameter columns: of the factors, 1 to 1024.
    public init(columns: Int, kernels: Kernels = .best) {
        precondition(columns > 0 && columns <= 1024)
        self.columns = columns
        self.kernels = kernels
        size = (columns + 15) / 16 * 16
        work = .aligned(fk_solve_work(size))
        solution = .aligned(size)
    }

    deinit {
        work.deallocate()
        solution.deallocate()
    }

    /// Solves for the rows `indices` of `factors` with their confidences `weights`.
    ///
    /// - Parameters:
    ///   - gram: `α₀ HᵀH`, columns × columns; only its upper triangle is read.
    ///   - vector: receives the solution, padded with zeros to the factors' stride.
    /// - Returns: false, with `vector` left alone, where the matrix is not positive definite (no ridge, or no longer
    ///   finite).
    public func solve(
        gram: Matrix, ridge: Float, factors: Matrix, indices: UnsafeBufferPointer<Int32>,
        weights: UnsafeBufferPointer<Float>, into vector: UnsafeMutablePointer<Float>
    ) -> Bool {
        precondition(indices.count == weights.count)
        precondition(gram.rows == columns && gram.columns == columns && factors.columns == columns)
        guard let first = indices.baseAddress, let weight = weights.baseAddress, !indices.isEmpty else {
            vector.update(repeating: 0, count: size)
            return true
        }
        let solved = withExtendedLifetime((gram, factors)) {
            fk_solve(
                kernels.rawValue, size, columns, gram.base, gram.stride, ridge, factors.base, factors.stride, first,
                weight, indices.count, work, solution)
        }
        guard solved, solution[0].isFinite else { return false }
        vector.update(from: solution, count: size)
        return true
    }
}
