internal import Events
internal import Linear

/// What a network's outputs are measured by, as a mean over the batch.
enum Loss: Sendable {
    /// `−t ln σ(x) − (1 − t) ln(1 − σ(x))` of an output x and a target t in 0…1.
    case sigmoidCrossEntropy
    /// `(x − t)² / 2`
    case squared

    /// Writes the gradient of the mean loss by the outputs.
    ///
    /// - Parameters:
    ///   - outputs: batch × 1.
    ///   - gradient: batch × 1.
    func differentiate(_ outputs: Matrix, _ targets: UnsafeBufferPointer<Float>, into gradient: inout Matrix) {
        let (count, stride) = (targets.count, outputs.stride)
        precondition(count > 0 && gradient.stride == stride && count <= min(outputs.rows, gradient.rows))
        let values = outputs.base
        let share = 1 / Float(count)
        gradient.withUnsafeMutableBase { gradient in
            var row = 0
            while row < count {
                gradient[row * stride] = slope(values[row * stride], targets[row]) * share
                row += 1
            }
        }
        withExtendedLifetime(outputs) {}
    }

    /// The mean over the first rows.
    func mean(_ outputs: Matrix, _ targets: [Float]) -> Double {
        let sum = targets.indices.reduce(0.0) { $0 + Double(value(outputs[$1, 0], targets[$1])) }
        return sum / Double(targets.count)
    }

    /// The loss of an output x.
    func value(_ x: Float, _ target: Float) -> Float {
        switch self {
        case .sigmoidCrossEntropy:
            // ln(1 + e^−|x|) + max(x, 0) − t x, which does not overflow.
            let softplus = Deterministic.log2(1 + Self.decayed(x)) * 0.693147180559945309417 + Double(max(x, 0))
            return Float(softplus) - target * x
        case .squared:
            return (x - target) * (x - target) / 2
        }
    }

    /// The derivative of `value` by x.
    func slope(_ x: Float, _ target: Float) -> Float {
        switch self {
        case .sigmoidCrossEntropy:
            let decayed = Self.decayed(x)
            return Float((x >= 0 ? 1 : decayed) / (1 + decayed)) - target
        case .squared:
            return x - target
        }
    }

    /// e^−|x|
    private static func decayed(_ x: Float) -> Double {
        Deterministic.exp2(-Double(abs(x)) * 1.44269504088896340736)
    }
}
