internal import Linear

/// `y = x W + b` for the rows x of a batch. Batches lie in matrices whose rows are a multiple of 8; inputs count with their
/// padding, which is zero, and so are the weights that it meets.
struct DenseLayer: Sendable {
    /// inputs × outputs
    var weights: LearntMatrix
    /// 1 × outputs
    var bias: LearntMatrix

    var inputs: Int { weights.values.rows }
    var outputs: Int { weights.values.columns }

    /// Uniform numbers up to `√(gain / fan)` either side, with biases of 0: a gain of 6 over inputs and outputs is Glorot
    /// and Bengio's (AISTATS 2010), one of 3 over the inputs LeCun's.
    ///
    /// - Parameters:
    ///   - parts: the inputs that are no padding, rising.
    ///   - inputs: with padding, a multiple of 16.
    init(parts: [Range<Int>], inputs: Int, outputs: Int, isLast: Bool, random: inout RandomStream) {
        precondition(inputs % 16 == 0 && outputs > 0)
        var matrix = Matrix(rows: inputs, columns: outputs)
        let fan = parts.reduce(0) { $0 + $1.count }
        let bound = (isLast ? 3 / Double(fan) : 6 / Double(fan + outputs)).squareRoot()
        for part in parts { matrix.fill(part) { (2 * random.uniform() - 1) * bound } }
        self.init(weights: LearntMatrix(matrix), bias: LearntMatrix(Matrix(rows: 1, columns: outputs)))
    }

    init(weights: LearntMatrix, bias: LearntMatrix) {
        precondition(bias.values.rows == 1 && bias.values.columns == weights.values.columns)
        self.weights = weights
        self.bias = bias
    }

    func frozen() -> DenseLayer { DenseLayer(weights: weights.frozen(), bias: bias.frozen()) }

    /// The rows that hold `count` rows of a batch.
    static func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }

    /// - Parameters:
    ///   - input: batch × inputs.
    ///   - output: batch × outputs.
    func forward(_ input: Matrix, into output: inout Matrix, count: Int) {
        let (rows, stride) = (Self.padded(count), weights.values.stride)
        precondition(input.stride == inputs && output.stride == stride && min(input.rows, output.rows) >= rows)
        withExtendedLifetime((input, self)) {
            output.withUnsafeMutableBase { output in
                let bias = bias.values.base
                for row in 0..<rows { (output + row * stride).update(from: bias, count: stride) }
                Kernels.best.multiplyAdd(
                    rows: rows, columns: stride, depth: inputs, input.base, rowStep: inputs, depthStep: 1,
                    weights.values.base, stride: stride, into: output, stride: stride)
            }
        }
    }

    /// Adds to the gradients of weights and biases, and writes that of the input.
    mutating func backward(
        _ input: Matrix, _ outputGradient: Matrix, into inputGradient: inout Matrix, count: Int
    ) {
        let (rows, inputs, stride) = (Self.padded(count), inputs, weights.values.stride)
        precondition(input.stride == inputs && inputGradient.stride == inputs && outputGradient.stride == stride)
        precondition(min(input.rows, inputGradient.rows, outputGradient.rows) >= rows)
        withExtendedLifetime((input, outputGradient)) {
            if !weights.isFrozen {
                weights.gradient.withUnsafeMutableBase {
                    Kernels.best.multiplyAdd(
                        rows: inputs, columns: stride, depth: count, input.base, rowStep: 1, depthStep: inputs,
                        outputGradient.base, stride: stride, into: $0, stride: stride)
                }
                bias.gradient.withUnsafeMutableBase { bias in
                    let (gradients, kernels) = (outputGradient.base, Kernels.best)
                    for row in 0..<count {
                        kernels.add(gradients + row * stride, scaledBy: 1, to: bias, length: stride)
                    }
                }
            }
            let transposed = transposedWeights()
            inputGradient.withUnsafeMutableBase {
                $0.update(repeating: 0, count: rows * inputs)
                Kernels.best.multiplyAdd(
                    rows: rows, columns: inputs, depth: outputs, outputGradient.base, rowStep: stride, depthStep: 1,
                    transposed.base, stride: inputs, into: $0, stride: inputs)
            }
            withExtendedLifetime(transposed) {}
        }
    }

    private func transposedWeights() -> Matrix {
        var result = Matrix(rows: outputs, columns: inputs)
        let (inputs, outputs, stride) = (inputs, outputs, weights.values.stride)
        result.withUnsafeMutableBase { result in
            let base = weights.values.base
            var row = 0
            while row < inputs {
                var column = 0
                while column < outputs {
                    result[column * inputs + row] = base[row * stride + column]
                    column += 1
                }
                row += 1
            }
        }
        withExtendedLifetime(self) {}
        return result
    }
}
