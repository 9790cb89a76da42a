internal import Linear

extension Deterministic {
    /// x^y for x > 0, the same on every machine; 0 for x = 0 and y > 0.
    static func pow(_ x: Double, _ y: Double) -> Double {
        y == 0 ? 1 : exp2(y * log2(x))
    }
}
