public import Events
public import Linear

/// Item factors, and how a user is projected on them: `(α₀HᵀH + Σ c h hᵀ + λ(n + α₀N)^ν I)⁻¹ Σ c h`, c = α · rating. What
/// least-squares algorithms learn. Users are always projected anew, so one who was there and a stranger with the same items
/// get the same list.
public struct FactorModel: RecommenderModel {
    /// items × K
    public let items: Matrix
    /// The settings of the projection.
    public let projection: Projection
    private let index: InnerProductIndex
    private let gram: Matrix

    public struct Projection: Sendable, Equatable {
        /// α, the weight of a rating.
        public var alpha: Float = 1
        /// α₀, the weight of what was not touched.
        public var unobservedWeight: Float = 0.1
        /// λ
        public var regularization: Float = 0.01
        /// ν
        public var frequencyExponent: Float = 1

        public init() {}

        /// λ(n + α₀N)^ν for a row with `count` interactions against `others` rows.
        public func ridge(count: Int, others: Int) -> Float {
            let size = Double(count) + Double(unobservedWeight) * Double(others)
            if frequencyExponent == 1 { return regularization * Float(size) }
            guard size > 0 else { return frequencyExponent == 0 ? regularization : 0 }
            return regularization * Float(Deterministic.pow(size, Double(frequencyExponent)))
        }
    }

    public init(items: Matrix, projection: Projection) {
        self.items = items
        self.projection = projection
        index = InnerProductIndex(items)
        gram = items.gram().scaled(by: projection.unobservedWeight)
    }

    public var itemCount: Int { items.rows }

    /// A user's vector, `items.stride` floats; zeros where nothing is known.
    public func project(_ user: UserHistory) -> Matrix {
        var vector = Matrix(rows: 1, columns: items.columns)
        project(user, with: FoldInSolver(columns: items.columns), into: &vector, row: 0)
        return vector
    }

    private func project(_ user: UserHistory, with solver: FoldInSolver, into vectors: inout Matrix, row: Int) {
        let stride = items.stride
        let weights = user.ratings.map { projection.alpha * $0 }
        let ridge = projection.ridge(count: user.items.count, others: items.rows)
        vectors.withUnsafeMutableBase { base in
            let vector = base + row * stride
            let solved = user.items.withUnsafeBufferPointer { indices in
                weights.withUnsafeBufferPointer {
                    solver.solve(gram: gram, ridge: ridge, factors: items, indices: indices, weights: $0, into: vector)
                }
            }
            if !solved { vector.update(repeating: 0, count: stride) }
        }
    }

    public func score(_ user: UserHistory, into scores: UnsafeMutableBufferPointer<Float>) {
        let vector = project(user)
        withExtendedLifetime(vector) { dot(vector.row(0), into: scores) }
    }

    public func similarity(to item: Int, into scores: UnsafeMutableBufferPointer<Float>) {
        dot(items.row(item), into: scores)
        let own = scores[item].squareRoot()
        for other in scores.indices {
            let norm = Kernels.best.dot(items.row(other), items.row(other), length: items.stride).squareRoot()
            scores[other] = own > 0 && norm > 0 ? scores[other] / (own * norm) : 0
        }
    }

    public func recommend(_ users: [UserHistory], count: Int) -> [[Scored]] {
        let solver = FoldInSolver(columns: items.columns)
        let searcher = InnerProductSearcher()
        var lists: [[Scored]] = []
        lists.reserveCapacity(users.count)
        for start in stride(from: 0, to: users.count, by: 64) {
            let part = users[start..<min(start + 64, users.count)]
            var vectors = Matrix(rows: part.count, columns: items.columns)
            for (row, user) in part.enumerated() { project(user, with: solver, into: &vectors, row: row) }
            let wanted = part.map { Int32($0.items.count + count) }
            let width = Int(wanted.max() ?? 0)
            var results = [Scored](repeating: Scored(index: 0, score: 0), count: part.count * width)
            var found = [Int32](repeating: 0, count: part.count)
            searcher.search(
                index, queries: vectors.base, stride: vectors.stride, count: part.count, wanted: wanted,
                results: &results, resultStride: width, found: &found)
            for (row, user) in part.enumerated() {
                let own = Set(user.items)
                let ranked = results[(row * width)..<(row * width + Int(found[row]))]
                lists.append(Array(ranked.lazy.filter { !own.contains($0.index) }.prefix(count)))
            }
        }
        return lists
    }

    private func dot(_ vector: UnsafePointer<Float>, into scores: UnsafeMutableBufferPointer<Float>) {
        for item in scores.indices { scores[item] = Kernels.best.dot(items.row(item), vector, length: items.stride) }
    }

    // MARK: - Saving

    public func encode(to writer: ByteWriter) {
        for value in [
            projection.alpha, projection.unobservedWeight, projection.regularization, projection.frequencyExponent,
        ] { writer.fixed(value.bitPattern) }
        items.encode(to: writer)
    }

    public init(decoding reader: inout ByteReader) throws {
        var projection = Projection()
        projection.alpha = Float(bitPattern: try reader.fixed(UInt32.self))
        projection.unobservedWeight = Float(bitPattern: try reader.fixed(UInt32.self))
        projection.regularization = Float(bitPattern: try reader.fixed(UInt32.self))
        projection.frequencyExponent = Float(bitPattern: try reader.fixed(UInt32.self))
        self.init(items: try Matrix(decoding: &reader), projection: projection)
    }
}

extension Matrix {
    /// Rows, columns, and the floats row by row without padding, little-endian.
    func encode(to writer: ByteWriter) {
        writer.varint(rows)
        writer.varint(columns)
        for row in 0..<rows {
            writer.raw(UnsafeRawBufferPointer(UnsafeBufferPointer(start: self.row(row), count: columns)))
        }
    }

    init(decoding reader: inout ByteReader) throws {
        let rows = try reader.count(limit: Int(Int32.max))
        let columns = try reader.count(limit: 1 << 16)
        self.init(rows: rows, columns: columns)
        let stride = stride
        for row in 0..<rows {
            let bytes = try reader.raw(columns * 4)
            guard let source = bytes.baseAddress else { continue }
            withUnsafeMutableBase {
                UnsafeMutableRawPointer($0 + row * stride).copyMemory(from: source, byteCount: columns * 4)
            }
        }
    }
}
