import Linear

/// SplitMix64 (Steele, Lea, Flood, 2014): seeded randomness for properties.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Roughly normal: the sum of twelve uniform numbers, less six.
    mutating func normal() -> Float {
        var sum: Float = -6
        for _ in 0..<12 { sum += Float(next() >> 40) * 0x1p-24 }
        return sum
    }
}

extension Matrix {
    static func random(_ rows: Int, _ columns: Int, seed: UInt64, scale: (Int) -> Float = { _ in 1 }) -> Matrix {
        var generator = SplitMix64(state: seed)
        var matrix = Matrix(rows: rows, columns: columns)
        let stride = matrix.stride
        matrix.withUnsafeMutableBase { base in
            for row in 0..<rows {
                for column in 0..<columns { base[row * stride + column] = generator.normal() * scale(row) }
            }
        }
        return matrix
    }

    var bits: [UInt32] {
        withExtendedLifetime(self) { (0..<rows * stride).map { base[$0].bitPattern } }
    }
}
