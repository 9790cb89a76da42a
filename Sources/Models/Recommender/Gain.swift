public import Events

/// What an item found at a rank adds to a list's discounted cumulative gain (Järvelin and Kekäläinen 2002): `1 / log₂(k + 1)`
/// at the k-th place. One definition, so that what is fitted, decided and reported is the same number, to the bit on every
/// machine.
public enum Gain {
    /// - Parameter rank: from 0.
    @inlinable
    public static func at(_ rank: Int) -> Double { 1 / Deterministic.log2(Double(rank + 2)) }

    /// - Parameter rank: nil for an item that was not found, which adds nothing.
    @inlinable
    public static func at(_ rank: Int?) -> Double { rank.map { at($0) } ?? 0 }
}
