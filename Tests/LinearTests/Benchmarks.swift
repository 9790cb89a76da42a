import Foundation
import Linear
import Testing

/// Times, printed; only where FRESHET_BENCH is set: `FRESHET_BENCH=1 swift test -c release -Xswiftc -enable-testing
/// --filter LinearTests.Benchmarks`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FRESHET_BENCH"] != nil), .serialized)
struct Benchmarks {
    /// CPU time of this thread.
    static func threadNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    static func microseconds(_ repetitions: Int, _ body: () -> Void) -> Double {
        body()
        var best = Double.infinity
        for _ in 0..<20 {
            let start = threadNanoseconds()
            for _ in 0..<repetitions { body() }
            best = min(best, Double(threadNanoseconds() - start) / 1000 / Double(repetitions))
        }
        return best
    }

    @Test(arguments: Kernels.available)
    func foldIn(kernels: Kernels) {
        for (columns, count) in [(64, 50), (64, 5), (128, 50)] {
            let factors = Matrix.random(50_000, columns, seed: 1) { _ in 0.1 }
            let gram = factors.gram()
            let solver = FoldInSolver(columns: columns, kernels: kernels)
            var generator = SplitMix64(state: 3)
            let histories = (0..<200).map { _ in
                (0..<count).map { _ in Int32.random(in: 0..<50_000, using: &generator) }
            }
            let weights = [Float](repeating: 4, count: count)
            var vector = [Float](repeating: 0, count: columns)
            let time = Self.microseconds(1) {
                for history in histories {
                    history.withUnsafeBufferPointer { indices in
                        weights.withUnsafeBufferPointer { weights in
                            vector.withUnsafeMutableBufferPointer {
                                _ = solver.solve(
                                    gram: gram, ridge: 1, factors: factors, indices: indices, weights: weights,
                                    into: $0.baseAddress!)
                            }
                        }
                    }
                }
            }
            print("fold-in \(kernels) K=\(columns) n=\(count): \(time / 200) µs")
        }
    }

    @Test(arguments: Kernels.available)
    func topOfFiftyThousand(kernels: Kernels) {
        for skew in [false, true] {
            let items = Matrix.random(50_000, 64, seed: 1) { skew ? 1 / Float(1 + $0).squareRoot().squareRoot() : 1 }
            let index = InnerProductIndex(items)
            let searcher = InnerProductSearcher(kernels: kernels)
            for batch in [1, 8, 32] {
                let queries = Matrix.random(batch, 64, seed: 2)
                let wanted = [Int32](repeating: 90, count: batch)
                var results = [Scored](repeating: Scored(index: 0, score: 0), count: 90 * batch)
                var found = wanted
                let time = Self.microseconds(kernels == .plain ? 1 : 5) {
                    results.withUnsafeMutableBufferPointer { results in
                        found.withUnsafeMutableBufferPointer { found in
                            searcher.search(
                                index, queries: queries.base, stride: 64, count: batch, wanted: wanted,
                                results: results.baseAddress!, resultStride: 90, found: found.baseAddress!)
                        }
                    }
                }
                print("top 90 of 50,000 \(kernels) skew=\(skew) batch=\(batch): \(time / Double(batch)) µs a query")
            }
        }
    }
}
