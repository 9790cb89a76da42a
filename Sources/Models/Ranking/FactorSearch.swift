internal import Events
internal import Linear

/// Projects users on a generation's factors and finds each one's best items, many users a pass.
final class FactorSearch {
    private var solver: FoldInSolver?
    private let searcher = InnerProductSearcher()
    private let kernels = Kernels.best
    /// One row a query, aligned as the kernels ask.
    private var vectors = Matrix(rows: 0, columns: 0)
    private var stride = 0
    private var wanted: [Int32] = []
    private var found: [Int32] = []
    private var results: [Scored] = []
    private var resultStride = 0
    /// Of one query, where its results did not do.
    private var deeper: [Scored] = []
    /// Items that are looked through for one query before it is given up.
    private static let depthMax = 4096
    private var indices: [Int32] = []
    private var weights: [Float] = []
    private var memory: [Float] = []
    private var shortMemory = 0.0
    private var generation: Generation?

    /// Finds for each query its best `candidates` items beside those of its history.
    func search(_ queries: [UserQuery], serving: ServingGeneration?, shortMemory: Double, candidates: Int) {
        generation = serving?.generation
        found.removeAll(keepingCapacity: true)
        found.append(contentsOf: repeatElement(0, count: queries.count))
        guard let serving, !queries.isEmpty else { return }
        prepare(serving.generation, queries, shortMemory: shortMemory, candidates: candidates)
        for (place, query) in queries.enumerated() {
            project(query, serving)
            let solved = vectors.withUnsafeMutableBase { solve(serving.generation, into: $0 + place * stride) }
            // To a user at zero, as all are in a generation without factors, no item is nearer than another.
            let isPlaced = solved && !indices.isEmpty && !vectors.isZero(row: place)
            wanted[place] = isPlaced ? Int32(candidates + query.recents.count) : 0
        }
        searcher.search(
            serving.generation.index, queries: vectors.base, stride: stride, count: queries.count, wanted: wanted,
            results: &results, resultStride: resultStride, found: &found)
    }

    /// Lets go of the generation that the last search was in.
    func forget() { generation = nil }

    /// The best items of a query by their rows, best first.
    func results(_ place: Int) -> ArraySlice<Scored> {
        guard generation != nil else { return [] }
        return results[(place * resultStride)..<(place * resultStride + Int(found[place]))]
    }

    /// Some times as many of a query's best items as there are in a list that all turned out to be used up, that list at
    /// their head; nil where there are no more, or where so many were looked through that most of the generation's items must
    /// be gone: then the other learners make the list.
    func more(_ place: Int, than count: Int) -> ArraySlice<Scored>? {
        guard let generation, count > 0, count < min(generation.index.count, Self.depthMax) else { return nil }
        let depth = min(4 * count, generation.index.count)
        if deeper.count < depth { deeper = Array(repeating: Scored(index: 0, score: 0), count: depth) }
        var reached: Int32 = 0
        searcher.search(
            generation.index, queries: vectors.row(place), stride: stride, count: 1, wanted: [Int32(depth)],
            results: &deeper, resultStride: depth, found: &reached)
        return deeper[..<Int(reached)]
    }

    /// The scores of some rows for a query.
    func scores(
        _ place: Int, rows: UnsafePointer<Int32>, count: Int, into scores: UnsafeMutablePointer<Float>
    ) {
        guard let generation, found[place] > 0 else { return scores.update(repeating: 0, count: count) }
        kernels.dot(generation.factors, rows: rows, count: count, vectors.row(place), into: scores)
    }

    /// A user's place in the factors' space, from the whole rated history and from what was touched last; nil where the
    /// generation knows nothing of it. What `search` found stays.
    func vectors(
        _ query: UserQuery, _ serving: ServingGeneration, shortMemory: Double, place: Int?
    ) -> (long: [Float], short: [Float])? {
        prepareMemory(serving.generation, shortMemory: shortMemory)
        func vector(_ memory: Bool) -> [Float]? {
            project(query, serving, isShort: memory)
            guard !indices.isEmpty else { return nil }
            var solution = Matrix(rows: 1, columns: serving.generation.factors.columns)
            guard solution.withUnsafeMutableBase({ solve(serving.generation, into: $0) }) else { return nil }
            return Array(UnsafeBufferPointer(start: solution.row(0), count: solution.columns))
        }
        guard let long = vector(false) else { return nil }
        if let place, found[place] > 0 {
            return (long, Array(UnsafeBufferPointer(start: vectors.row(place), count: vectors.columns)))
        }
        return vector(true).map { (long, $0) }
    }

    private func prepare(_ generation: Generation, _ queries: [UserQuery], shortMemory: Double, candidates: Int) {
        stride = generation.factors.stride
        prepareMemory(generation, shortMemory: shortMemory)
        let longest = queries.reduce(0) { max($0, $1.recents.count) }
        resultStride = candidates + longest
        // Other columns may have the same stride.
        if vectors.rows < queries.count || vectors.columns != generation.factors.columns {
            vectors = Matrix(rows: queries.count, columns: generation.factors.columns)
        }
        if results.count < queries.count * resultStride {
            results = Array(repeating: Scored(index: 0, score: 0), count: queries.count * resultStride)
        }
        wanted.removeAll(keepingCapacity: true)
        wanted.append(contentsOf: repeatElement(0, count: queries.count))
    }

    /// A solver of the factors' size, and the weights of the positions of a history.
    private func prepareMemory(_ generation: Generation, shortMemory: Double) {
        if solver?.columns != generation.factors.columns { solver = FoldInSolver(columns: generation.factors.columns) }
        if self.shortMemory != shortMemory || memory.isEmpty {
            self.shortMemory = shortMemory
            memory.removeAll()
            var weight: Float = 1
            while weight >= Ranker.factorWeightMin, memory.count < 4096 {
                memory.append(weight)
                weight = shortMemory > 0 ? Float(Deterministic.exp2(-Double(memory.count) / shortMemory)) : 1
            }
        }
    }

    /// The rows and confidences of a history: rating times the weight of the position, where the memory is short.
    private func project(_ query: UserQuery, _ serving: ServingGeneration, isShort: Bool = true) {
        indices.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        let alpha = Float(serving.generation.manifest.alpha)
        for position in 0..<(isShort ? min(query.recents.count, memory.count) : query.recents.count) {
            let row = serving.row(query.recents[position])
            let weight = alpha * query.ratings[position] * (isShort ? memory[position] : 1)
            guard row >= 0, weight > 0 else { continue }
            indices.append(row)
            weights.append(weight)
        }
    }

    private func solve(_ generation: Generation, into vector: UnsafeMutablePointer<Float>) -> Bool {
        if let model = generation.foldIn {
            guard !indices.isEmpty else { return false }
            model.project(UserHistory(items: indices, ratings: weights), into: vector)
            return (0..<generation.factors.columns).allSatisfy { vector[$0].isFinite }
        }
        let ridge = generation.ridge(interactions: indices.count)
        return indices.withUnsafeBufferPointer { indices in
            weights.withUnsafeBufferPointer { weights in
                solver?.solve(
                    gram: generation.gram, ridge: ridge, factors: generation.factors, indices: indices,
                    weights: weights, into: vector) ?? false
            }
        }
    }
}
