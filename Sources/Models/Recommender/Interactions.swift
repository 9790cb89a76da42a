/// Who touched what, and how strongly: a sparse matrix by rows (users × items as built, items × users transposed). Within
/// a row columns rise and are distinct.
public struct Interactions: Sendable {
    public let rows: Int
    public let columns: Int
    /// Where each row begins, and the end: rows + 1 numbers.
    public let offsets: [Int]
    /// The column of each pair, row after row.
    public let indices: [Int32]
    /// Confidences, each above zero.
    public let weights: [Float]

    /// What becomes of a pair that is named more than once.
    public enum Merge: Sendable {
        case sum, max
    }

    /// From arrays as they are kept. Their sizes are checked; that columns rise within a row is not.
    public init(rows: Int, columns: Int, offsets: [Int], indices: [Int32], weights: [Float]) {
        precondition(offsets.count == rows + 1 && offsets.first == 0 && offsets.last == indices.count)
        precondition(indices.count == weights.count)
        self.rows = rows
        self.columns = columns
        self.offsets = offsets
        self.indices = indices
        self.weights = weights
    }

    /// From pairs in any order; those of one (row, column) become one.
    public init(
        rows: Int, columns: Int, pairs: [(row: Int32, column: Int32, weight: Float)], merge: Merge = .sum
    ) {
        var starts = [Int](repeating: 0, count: rows + 1)
        for pair in pairs { starts[Int(pair.row) + 1] += 1 }
        for row in 0..<rows { starts[row + 1] += starts[row] }
        var fill = starts
        var sorted = [(column: Int32, weight: Float)](repeating: (0, 0), count: pairs.count)
        for pair in pairs {
            precondition(pair.column >= 0 && pair.column < columns)
            sorted[fill[Int(pair.row)]] = (pair.column, pair.weight)
            fill[Int(pair.row)] += 1
        }
        var offsets = [0]
        var indices: [Int32] = []
        var weights: [Float] = []
        for row in 0..<rows {
            let part = starts[row]..<starts[row + 1]
            // Equal columns by weight, so that sums do not depend on the order given.
            sorted[part].sort { $0.column != $1.column ? $0.column < $1.column : $0.weight < $1.weight }
            for (column, weight) in sorted[part] {
                if indices.count > offsets[row], indices.last == column {
                    let last = weights.count - 1
                    weights[last] = merge == .sum ? weights[last] + weight : Swift.max(weights[last], weight)
                } else {
                    indices.append(column)
                    weights.append(weight)
                }
            }
            offsets.append(indices.count)
        }
        self.init(rows: rows, columns: columns, offsets: offsets, indices: indices, weights: weights)
    }

    /// One row: some columns in any order, each once, with weights of 1.
    init(_ items: [Int32], columns: Int) {
        self.init(
            rows: 1, columns: columns, offsets: [0, items.count], indices: items.sorted(),
            weights: [Float](repeating: 1, count: items.count))
    }

    /// Pairs of all rows.
    public var count: Int { indices.count }

    /// Where the pairs of a row stand in `indices` and `weights`.
    public func range(of row: Int) -> Range<Int> { offsets[row]..<offsets[row + 1] }

    /// The row of each pair.
    var owners: [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(count)
        for row in 0..<rows { result.append(contentsOf: repeatElement(Int32(row), count: range(of: row).count)) }
        return result
    }

    /// Whether a pair is there.
    func contains(_ row: Int, _ column: Int32) -> Bool {
        var (low, high) = (offsets[row], offsets[row + 1])
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] < column { low = middle + 1 } else { high = middle }
        }
        return low < offsets[row + 1] && indices[low] == column
    }

    /// A column that a row does not have, uniformly; nil where none is found in some draws: the row may have nearly all.
    func drawUntouched(_ row: Int, _ random: inout RandomStream) -> Int32? {
        for _ in 0..<32 {
            let column = Int32(random.below(columns))
            if !contains(row, column) { return column }
        }
        return nil
    }

    /// Columns as rows.
    public func transposed() -> Interactions {
        var starts = [Int](repeating: 0, count: columns + 1)
        for column in indices { starts[Int(column) + 1] += 1 }
        for column in 0..<columns { starts[column + 1] += starts[column] }
        var fill = starts
        var turned = [Int32](repeating: 0, count: count)
        var turnedWeights = [Float](repeating: 0, count: count)
        for row in 0..<rows {
            for n in range(of: row) {
                let place = fill[Int(indices[n])]
                turned[place] = Int32(row)
                turnedWeights[place] = weights[n]
                fill[Int(indices[n])] += 1
            }
        }
        return Interactions(rows: columns, columns: rows, offsets: starts, indices: turned, weights: turnedWeights)
    }
}
