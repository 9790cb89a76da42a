public import Events
public import Linear

/// Item factors, and how a user is projected on them: `(α₀HᵀH + Σ c h hᵀ + λ(n + α₀N)^ν I)⁻¹ Σ c h`, c = α · rating. What
/// least-squares algorithms learn. Users are always projected anew, so one who was there and a stranger with the same items
/// get the same list.
public struct FactorModel: VectorModel {
    public let ranking: VectorRanking
    /// items × K
    public var items: Matrix { ranking.items }
    /// The settings of the projection.
    public let projection: Projection
    private let gram: Matrix

    /// What a projection depends on beside the factors and the history; the defaults are those of `ImplicitALS`.
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

    /// Takes items × K, K up to 1024, and computes α₀HᵀH once.
    public init(items: Matrix, projection: Projection) {
        ranking = VectorRanking(items)
        self.projection = projection
        gram = items.gram().scaled(by: projection.unobservedWeight)
    }

    /// Zeros where nothing is known.
    public func project(_ user: UserHistory, into vector: UnsafeMutablePointer<Float>) {
        let weights = user.ratings.map { projection.alpha * $0 }
        let ridge = projection.ridge(count: user.items.count, others: items.rows)
        let solved = user.items.withUnsafeBufferPointer { indices in
            weights.withUnsafeBufferPointer {
                FoldInSolver(columns: items.columns).solve(
                    gram: gram, ridge: ridge, factors: items, indices: indices, weights: $0, into: vector)
            }
        }
        if !solved { vector.update(repeating: 0, count: items.stride) }
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
        self.init(items: try Matrix(decoding: &reader, columns: Matrix.ranked), projection: projection)
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

    /// Columns that an inner product index and a fold-in take.
    static let ranked = 1...1024

    init(decoding reader: inout ByteReader, columns: ClosedRange<Int> = 1...(1 << 16)) throws {
        let rows = try reader.count(limit: Int(Int32.max))
        let width = try reader.count(limit: columns.upperBound)
        guard columns.contains(width) else { throw ByteReader.Malformed(offset: reader.offset) }
        // What is not there is told before there is room made for it.
        let bytes = try reader.raw(rows * width * 4)
        self.init(rows: rows, columns: width)
        guard let source = bytes.baseAddress else { return }
        let stride = stride
        withUnsafeMutableBase {
            for row in 0..<rows {
                UnsafeMutableRawPointer($0 + row * stride).copyMemory(
                    from: source + row * width * 4, byteCount: width * 4)
            }
        }
    }
}
