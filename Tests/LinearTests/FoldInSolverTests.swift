import Linear
import Testing

struct FoldInSolverTests {
    struct Problem {
        var factors: Matrix
        var gram: Matrix
        var indices: [Int32]
        var weights: [Float]
        var ridge: Float

        init(columns: Int, count: Int, seed: UInt64) {
            factors = Matrix.random(300, columns, seed: seed) { _ in 0.3 }
            var scaled = Matrix(rows: columns, columns: columns)
            let full = factors.gram()
            for i in 0..<columns { for j in 0..<columns { scaled[i, j] = 0.1 * full[i, j] } }
            gram = scaled
            var generator = SplitMix64(state: seed)
            indices = (0..<count).map { _ in Int32.random(in: 0..<300, using: &generator) }
            weights = (0..<count).map { _ in 0.5 + Float(generator.next() % 8) }
            ridge = 0.7
        }

        func solve(_ kernels: Kernels) -> [Float]? {
            let solver = FoldInSolver(columns: factors.columns, kernels: kernels)
            var vector = [Float](repeating: -1, count: factors.stride)
            let solved = indices.withUnsafeBufferPointer { indices in
                weights.withUnsafeBufferPointer { weights in
                    vector.withUnsafeMutableBufferPointer {
                        solver.solve(
                            gram: gram, ridge: ridge, factors: factors, indices: indices, weights: weights,
                            into: $0.baseAddress!)
                    }
                }
            }
            return solved ? vector : nil
        }

        /// The largest part of the residual `(G + Σ c h hᵀ + ridge) x − Σ c h`, in double precision.
        func residual(_ x: [Float]) -> Double {
            let columns = factors.columns
            var worst = 0.0
            let weighted = zip(indices, weights).map { index, weight in
                let product = (0..<columns).reduce(0.0) { $0 + Double(factors[Int(index), $1]) * Double(x[$1]) }
                return Double(weight) * (product - 1)
            }
            for i in 0..<columns {
                var sum = Double(ridge) * Double(x[i])
                for j in 0..<columns { sum += Double(gram[i, j]) * Double(x[j]) }
                for (n, index) in indices.enumerated() { sum += weighted[n] * Double(factors[Int(index), i]) }
                worst = max(worst, sum.magnitude)
            }
            return worst
        }
    }

    @Test(arguments: [(1, 3), (10, 5), (16, 40), (33, 1), (64, 50), (64, 200), (100, 70), (200, 130)])
    func solvesTheSystemWithTheSameBitsEverywhere(columns: Int, count: Int) throws {
        let problem = Problem(columns: columns, count: count, seed: UInt64(columns * 1000 + count))
        let plain = try #require(problem.solve(.plain))
        #expect(problem.residual(plain) < 2e-3)
        #expect(plain[columns...].allSatisfy { $0 == 0 })
        for kernels in Kernels.available {
            let other = try #require(problem.solve(kernels))
            #expect(other.map(\.bitPattern) == plain.map(\.bitPattern), "\(kernels)")
        }
    }

    @Test func noHistoryIsTheZeroVector() {
        var problem = Problem(columns: 20, count: 0, seed: 1)
        problem.ridge = 0
        #expect(problem.solve(.best) == [Float](repeating: 0, count: 32))
    }

    @Test func anIndefiniteMatrixIsRefused() {
        var problem = Problem(columns: 20, count: 3, seed: 1)
        problem.ridge = -1e6
        #expect(problem.solve(.best) == nil)
        problem.ridge = .nan
        #expect(problem.solve(.best) == nil)
    }
}
