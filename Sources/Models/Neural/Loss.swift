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

    /// The derivative of the loss by the output x.
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
