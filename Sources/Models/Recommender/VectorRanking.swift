public import Linear

/// Ranks items by the dot product of their vectors with a user's: what every model of vectors serves from.
public struct VectorRanking: Sendable {
    /// items × columns; a model with item biases keeps them as one more column, against a 1 in the user's vector.
    public let items: Matrix
    private let index: InnerProductIndex

    init(_ items: Matrix) {
        self.items = items
        index = InnerProductIndex(items)
    }

    /// The product of each item with `vector`, which has `items.stride` floats.
    func score(_ vector: Matrix, into scores: UnsafeMutableBufferPointer<Float>) {
        withExtendedLifetime(vector) {
            for item in scores.indices {
                scores[item] = Kernels.best.dot(items.row(item), vector.base, length: items.stride)
            }
        }
    }

    /// The cosine of each item's vector with that of one, over the first `columns` columns.
    func cosine(to item: Int, columns: Int, into scores: UnsafeMutableBufferPointer<Float>) {
        func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
            (0..<columns).reduce(0) { $0 + a[$1] * b[$1] }
        }
        let own = items.row(item)
        let norm = product(own, own).squareRoot()
        for other in scores.indices {
            let row = items.row(other)
            let size = norm * product(row, row).squareRoot()
            scores[other] = size > 0 ? product(own, row) / size : 0
        }
    }

    /// The first `columns` columns of the items' vectors, scaled to length 1; a vector of zeros stays one.
    func directions(columns: Int) -> Matrix {
        var result = Matrix(rows: items.rows, columns: columns)
        let stride = result.stride
        result.withUnsafeMutableBase { base in
            for item in 0..<items.rows {
                let row = items.row(item)
                let size = (0..<columns).reduce(Float(0)) { $0 + row[$1] * row[$1] }.squareRoot()
                guard size > 0 else { continue }
                for column in 0..<columns { base[item * stride + column] = row[column] / size }
            }
        }
        return result
    }

    /// Each user's best items without those of the history; equal scores by row. `project` writes a user's vector.
    func recommend(
        _ users: [UserHistory], count: Int, project: (UserHistory, UnsafeMutablePointer<Float>) -> Void
    ) -> [[Scored]] {
        let searcher = InnerProductSearcher()
        var lists: [[Scored]] = []
        lists.reserveCapacity(users.count)
        for start in stride(from: 0, to: users.count, by: 64) {
            let part = users[start..<min(start + 64, users.count)]
            var vectors = Matrix(rows: part.count, columns: items.columns)
            let width = vectors.stride
            vectors.withUnsafeMutableBase { base in
                for (row, user) in part.enumerated() { project(user, base + row * width) }
            }
            let wanted = part.map { Int32($0.items.count + count) }
            let room = Int(wanted.max() ?? 0)
            var results = [Scored](repeating: Scored(index: 0, score: 0), count: part.count * room)
            var found = [Int32](repeating: 0, count: part.count)
            searcher.search(
                index, queries: vectors.base, stride: vectors.stride, count: part.count, wanted: wanted,
                results: &results, resultStride: room, found: &found)
            for (row, user) in part.enumerated() {
                let own = Set(user.items)
                let ranked = results[(row * room)..<(row * room + Int(found[row]))]
                lists.append(Array(ranked.lazy.filter { !own.contains($0.index) }.prefix(count)))
            }
        }
        return lists
    }
}
