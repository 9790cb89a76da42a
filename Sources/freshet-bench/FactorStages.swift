import Events
import Linear
import Models
import Pipeline

/// What projecting a user and searching the factors take, in µs.
struct FactorStages {
    private(set) var projection = 0.0
    private(set) var search = 0.0
    /// The search where a live stream has three users at a time.
    private(set) var searchOfThree = 0.0

    private static let queries = 128
    private static let wanted: Int32 = 90

    init(_ folds: BothFolds, _ generation: Generation) {
        var rows: [String: Int32] = [:]
        for (row, item) in generation.items.enumerated() { rows[item] = Int32(row) }
        let histories = (0..<Self.queries).map { user in
            folds.store[UserStore.User(user)].entries.suffix(31).compactMap {
                rows[folds.table.identifiers.text($0.item)]
            }
        }
        let solver = FoldInSolver(columns: generation.factors.columns)
        var vectors = Matrix(rows: Self.queries, columns: generation.factors.columns)
        let stride = vectors.stride
        let rounds = 8
        let start = CPUTime.thread
        for _ in 0..<rounds {
            for (place, history) in histories.enumerated() {
                project(history, generation, solver) { body in
                    vectors.withUnsafeMutableBase { body($0 + place * stride) }
                }
            }
        }
        let middle = CPUTime.thread
        projection = (middle - start) * 1e6 / Double(rounds * Self.queries)
        search = time(generation, vectors, together: Self.queries)
        searchOfThree = time(generation, vectors, together: 3)
    }

    /// The search's time for a query, in µs, so many of them at once.
    private func time(_ generation: Generation, _ vectors: Matrix, together: Int) -> Double {
        let searcher = InnerProductSearcher()
        let wanted = [Int32](repeating: Self.wanted, count: together)
        var found = [Int32](repeating: 0, count: together)
        var results = [Scored](repeating: Scored(index: 0, score: 0), count: together * Int(Self.wanted))
        let start = CPUTime.thread
        var searched = 0
        while searched < 8 * Self.queries {
            let first = searched % (Self.queries - together + 1)
            searcher.search(
                generation.index, queries: vectors.base + first * vectors.stride, stride: vectors.stride,
                count: together, wanted: wanted, results: &results, resultStride: Int(Self.wanted), found: &found)
            searched += together
        }
        return (CPUTime.thread - start) * 1e6 / Double(searched)
    }

    private func project(
        _ history: [Int32], _ generation: Generation, _ solver: FoldInSolver,
        _ target: ((UnsafeMutablePointer<Float>) -> Void) -> Void
    ) {
        let weights = history.indices.map { 1 / Float(history.count - $0) }
        target { vector in
            history.withUnsafeBufferPointer { indices in
                weights.withUnsafeBufferPointer { weights in
                    _ = solver.solve(
                        gram: generation.gram, ridge: generation.ridge(interactions: indices.count),
                        factors: generation.factors, indices: indices, weights: weights, into: vector)
                }
            }
        }
    }
}
