import Models

/// A small matrix that other libraries computed with: 40 users × 12 items, drawn by a linear congruence.
///
///     s = 12345
///     for u in range(40):
///         for i in range(12):
///             s = (s * 1103515245 + 12345) % 2**31
///             if (s >> 16) % 100 < (45 if u % 2 == i % 2 else 12): X[u, i] = 1 + (3 * u + 5 * i) % 4
func referenceMatrix() -> Interactions {
    var state = 12345
    var pairs: [(row: Int32, column: Int32, weight: Float)] = []
    for user in 0..<40 {
        for item in 0..<12 {
            state = (state * 1_103_515_245 + 12345) % (1 << 31)
            guard (state >> 16) % 100 < (user % 2 == item % 2 ? 45 : 12) else { continue }
            pairs.append((Int32(user), Int32(item), Float(1 + (3 * user + 5 * item) % 4)))
        }
    }
    return Interactions(rows: 40, columns: 12, pairs: pairs)
}
