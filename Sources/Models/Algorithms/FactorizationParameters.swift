internal import Events
internal import Linear

/// w₀, w and v of a factorization machine whose features are there or not: every x is 1 or 0.
struct FactorizationParameters: Sendable {
    /// w₀
    var offset: Float = 0
    /// features × (K + 1): v, and w as the last column.
    var rows: Matrix
    /// The sum of the rows of an example.
    private var sum: Matrix

    init(offset: Float = 0, rows: Matrix) {
        self.offset = offset
        self.rows = rows
        sum = Matrix(rows: 1, columns: rows.columns)
    }

    /// Normal numbers of deviation 0.1 / √K, and weights of 0.
    init(features: Int, factors: Int, seed: UInt64) {
        var rows = Matrix(rows: features, columns: factors + 1)
        let (stride, deviation) = (rows.stride, 0.1 / Double(factors).squareRoot())
        rows.withUnsafeMutableBase { base in
            for row in 0..<features {
                var random = RandomStream(seed: seed, row: row)
                for column in 0..<factors { base[row * stride + column] = Float(random.normal() * deviation) }
            }
        }
        self.init(rows: rows)
    }

    var factors: Int { rows.columns - 1 }

    /// The sum of the vectors (and of the weights, last), and what the features that are there say without w₀, in time linear
    /// in their number: `Σ w + ½ (‖Σ v‖² − Σ ‖v‖²)`.
    func part(_ features: [Int32]) -> (sum: [Float], value: Float) {
        var sum = [Float](repeating: 0, count: rows.columns)
        var squares: Float = 0
        for feature in features {
            let row = rows.row(Int(feature))
            for column in 0..<factors { squares += row[column] * row[column] }
            for column in 0...factors { sum[column] += row[column] }
        }
        let square = sum[..<factors].reduce(0) { $0 + $1 * $1 }
        return (sum, sum[factors] + (square - squares) / 2)
    }

    /// A step of descent on `ln(1 + e^y) − target y + λ/2 (w² + ‖v‖²)` of a user's features and an item's.
    mutating func step(_ user: [Int32], _ item: [Int32], target: Float, _ settings: FactorizationMachine) {
        let (size, last, kernels) = (rows.stride, rows.columns - 1, Kernels.best)
        let shrink = 1 - settings.learningRate * settings.regularization
        rows.withUnsafeMutableBase { rows in
            sum.withUnsafeMutableBase { sum in
                sum.update(repeating: 0, count: size)
                var squares: Float = 0
                func take(_ feature: Int32) {
                    let row = rows + Int(feature) * size
                    kernels.add(row, scaledBy: 1, to: sum, length: size)
                    squares += kernels.dot(row, row, length: size) - row[last] * row[last]
                }
                for feature in user { take(feature) }
                for feature in item { take(feature) }
                let weights = sum[last]
                sum[last] = 0
                let value = offset + weights + (kernels.dot(sum, sum, length: size) - squares) / 2
                let pull = settings.learningRate * (target - PairwiseLearner.sigmoid(value))
                func move(_ feature: Int32) {
                    let row = rows + Int(feature) * size
                    // The gradient of v is the sum without v itself; that of w is 1.
                    sum[last] = 1 + row[last]
                    kernels.mix(sum, pull, into: row, shrink - pull, length: size)
                }
                for feature in user { move(feature) }
                for feature in item { move(feature) }
                offset += pull
            }
        }
    }
}
