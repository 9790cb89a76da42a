internal import Linear

/// What a network's outputs are measured by, as a mean over the batch.
enum Loss: Sendable {
    /// `−t ln σ(x) − (1 − t) ln(1 − σ(x))` of an output x and a target t in 0…1.
    case sigmoidCrossEntropy
    /// `(x − t)² / 2`
    case squared

    /// The mean loss, and its gradient by the outputs.
    ///
    /// - Parameters:
    ///   - outputs: batch × 1.
    ///   - gradient: batch × 1.
    func evaluate(_ outputs: Matrix, _ targets: UnsafeBufferPointer<Float>, into gradient: inout Matrix) -> Float {
        let (count, stride) = (targets.count, outputs.stride)
        precondition(count > 0 && gradient.stride == stride && count <= min(outputs.rows, gradient.rows))
        let values = outputs.base
        let share = 1 / Float(count)
        var sum = 0.0
        gradient.withUnsafeMutableBase { gradient in
            var row = 0
            while row < count {
                let (value, target) = (values[row * stride], targets[row])
                let (loss, slope) = at(value, target)
                sum += Double(loss)
                gradient[row * stride] = slope * share
                row += 1
            }
        }
        withExtendedLifetime(outputs) {}
        return Float(sum / Double(count))
    }

    /// The loss of one output, and its derivative.
    func at(_ value: Float, _ target: Float) -> (loss: Float, slope: Float) {
        switch self {
        case .sigmoidCrossEntropy:
            // ln(1 + e^−|x|) + max(x, 0) − t x, which does not overflow.
            let decayed = Deterministic.exp2(-Double(abs(value)) * 1.44269504088896340736)
            let softplus = Deterministic.log2(1 + decayed) * 0.693147180559945309417 + Double(max(value, 0))
            let sigmoid = value >= 0 ? 1 / (1 + decayed) : decayed / (1 + decayed)
            return (Float(softplus) - target * value, Float(sigmoid) - target)
        case .squared:
            let difference = value - target
            return (difference * difference / 2, difference)
        }
    }
}
