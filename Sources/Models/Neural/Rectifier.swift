internal import Linear

/// ReLU, `max(x, 0)`, in place.
enum Rectifier {
    static func forward(_ batch: inout Matrix, count: Int) {
        let length = count * batch.stride
        batch.withUnsafeMutableBase { Elementwise.rectify($0, length: length) }
    }

    /// - Parameter output: what `forward` made of the batch.
    static func backward(_ output: Matrix, _ gradient: inout Matrix, count: Int) {
        precondition(output.stride == gradient.stride)
        let length = count * gradient.stride
        gradient.withUnsafeMutableBase { Elementwise.rectifiedGradient(of: output.base, $0, length: length) }
        withExtendedLifetime(output) {}
    }
}
