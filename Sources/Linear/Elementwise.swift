internal import CKernels

/// Arithmetic on single floats, the same to the bit on all machines. Lengths are free and nothing need be aligned.
public enum Elementwise {
    /// `out = a · b`; `out` may be one of them.
    @inline(__always)
    public static func multiply(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, length: Int
    ) {
        fk_multiply(a, b, out, length)
    }

    /// `x = max(x, 0)`.
    @inline(__always)
    public static func rectify(_ x: UnsafeMutablePointer<Float>, length: Int) { fk_rectify(x, length) }

    /// Sets the gradient to 0 where `rectify` gave 0.
    @inline(__always)
    public static func rectifiedGradient(
        of output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, length: Int
    ) {
        fk_rectified_gradient(output, gradient, length)
    }

    /// What Adam remembers of a gradient decays by these.
    public struct AdamDecay: Sendable {
        /// β₁, β₂ and ε of Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, with the paper's
        /// constants.
        public var first: Float = 0.9
        public var second: Float = 0.999
        public var epsilon: Float = 1e-8

        public init() {}
    }

    /// A step of Adam: the running means of the gradient and of its square, then
    /// `x −= rate · first / (√second + epsilon)`.
    @inline(__always)
    public static func adam(
        _ x: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>,
        gradient: UnsafePointer<Float>, rate: Float, decay: AdamDecay, length: Int
    ) {
        fk_adam(x, first, second, gradient, rate, decay.first, decay.second, decay.epsilon, length)
    }
}
